/// A list of rows in pieces, so that growing does not copy them.
struct RowBatch: Sendable {
    private static let shift = 14
    private static let size = 1 << shift

    private var pieces: [[HistoryRow]] = []
    private(set) var count = 0

    subscript(position: Int) -> HistoryRow {
        get { pieces[position >> Self.shift][position & (Self.size - 1)] }
        _modify { yield &pieces[position >> Self.shift][position & (Self.size - 1)] }
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

    /// Reverses the rows in place: a copy of a long history would be the largest part of the process.
    mutating func reverse() {
        for position in 0..<count / 2 {
            (self[position], self[count - 1 - position]) = (self[count - 1 - position], self[position])
        }
    }
}
