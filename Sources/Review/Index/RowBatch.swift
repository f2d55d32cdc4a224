/// A list of rows in pieces, so that growing does not copy them.
struct RowBatch {
    private static let shift = 14
    private static let size = 1 << shift

    private var pieces: [[HistoryRow]] = []
    private(set) var count = 0

    subscript(place: Int) -> HistoryRow {
        get { pieces[place >> Self.shift][place & (Self.size - 1)] }
        _modify { yield &pieces[place >> Self.shift][place & (Self.size - 1)] }
    }

    mutating func append(_ row: HistoryRow) {
        if count & (Self.size - 1) == 0 {
            var piece: [HistoryRow] = []
            piece.reserveCapacity(Self.size)
            pieces.append(piece)
        }
        pieces[pieces.count - 1].append(row)
        count += 1
    }

    /// Removes and returns all rows in reverse order. Each piece is freed as soon as it is copied.
    mutating func takeReversed() -> [HistoryRow] {
        var rows: [HistoryRow] = []
        rows.reserveCapacity(count)
        while let piece = pieces.popLast() { rows += piece.reversed() }
        count = 0
        return rows
    }
}
