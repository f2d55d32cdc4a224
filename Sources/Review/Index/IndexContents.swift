internal import Core
internal import Git
internal import Model
internal import System

/// The contents of an index of a deployment's results: planned cells, their last results, and the history of all
/// results.
struct IndexContents: Sendable {
    /// The deployment's name.
    let deployment: String
    /// The commit of the plan.
    var plan: ObjectID?
    /// The last indexed commits of the results branches, by target.
    var tips: [String: ObjectID] = [:]
    /// All texts except the names of cells.
    var texts: InternedTexts
    /// The names of cells; the cell with the text N has the index N - 1. Names of inputs begin with `+`.
    var names: InternedTexts
    var cells: IndexedCells
    /// The indexes of the cells, sorted by name; inputs follow cells of the same name.
    var order: [UInt32]
    var history: HistoryRows

    /// An index without cells.
    init(of deployment: String) {
        self.deployment = deployment
        (texts, names) = (InternedTexts(), InternedTexts())
        (cells, order) = (IndexedCells(), [])
        history = HistoryRows()
    }

    init(
        of deployment: String, plan: ObjectID?, tips: [String: ObjectID], texts: InternedTexts, names: InternedTexts,
        cells: IndexedCells, order: [UInt32], history: HistoryRows
    ) {
        (self.deployment, self.plan, self.tips) = (deployment, plan, tips)
        (self.texts, self.names, self.cells, self.order) = (texts, names, cells, order)
        self.history = history
    }

    /// The name of the cell at an index.
    func cell(at position: Int) -> Cell {
        let cell = cells[position]
        return Cell(
            target: texts[cell.target], compiler: texts[cell.compiler],
            package: PackageVersion(name: texts[cell.name], version: texts[cell.version]))
    }

    /// What a unikernel is built for; nil for other packages.
    func backend(of cell: IndexedCell) -> String? {
        guard texts.contains(UInt8(ascii: "@"), in: cell.version) else { return nil }
        return PackageVersion(name: "", version: texts[cell.version]).backend
    }

    /// The index of a cell; nil if there is none of that name.
    func position(of cell: Cell, isInput: Bool = false) -> Int? {
        names.id(of: (isInput ? "+" : "") + cell.description).map { Int($0) - 1 }
    }

    /// The index of a cell, which is added if it is missing.
    ///
    /// - Returns: Nil if the text is not a valid name of a cell.
    mutating func position(ofName name: UnsafeRawBufferPointer, isInput: Bool) -> Int? {
        if !isInput, let id = names.id(of: name) { return Int(id) - 1 }
        return position(ofName: String(decoding: name, as: UTF8.self), isInput: isInput)
    }

    /// The index of a cell, which is added if it is missing.
    ///
    /// - Returns: Nil if the text is not a valid name of a cell.
    mutating func position(ofName name: String, isInput: Bool) -> Int? {
        guard let cell = Cell(name) else { return nil }
        let known = names.count
        let id = names.intern((isInput ? "+" : "") + name)
        if names.count > known {
            cells.append(
                IndexedCell(
                    target: texts.intern(cell.target), compiler: texts.intern(cell.compiler),
                    name: texts.intern(cell.package.name), version: texts.intern(cell.package.version),
                    isInput: isInput))
        }
        return Int(id) - 1
    }

    /// Inserts added cells into `order`.
    mutating func sortAdded() {
        guard order.count < cells.count else { return }
        let added = (order.count..<cells.count).map { (cell: cell(at: $0), position: UInt32($0)) }
            .sorted { ($0.cell, $0.position) < ($1.cell, $1.position) }
        guard added.count * 16 < cells.count else {
            order = cells.indices.map { (cell: cell(at: $0), position: UInt32($0)) }
                .sorted { ($0.cell, $0.position) < ($1.cell, $1.position) }.map(\.position)
            return
        }
        for new in added {
            order.insert(new.position, at: firstInOrder { (cell(at: $0), $0) < (new.cell, Int(new.position)) })
        }
    }

    /// Whether each cell is the only version of its package in its column, by index; false for inputs.
    ///
    /// - Complexity: O(cells)
    var onlyVersions: [Bool] {
        var isOnly = [Bool](repeating: false, count: cells.count)
        var last: (position: Int, cell: IndexedCell)?
        for position in order.lazy.map(Int.init) {
            let cell = cells[position]
            guard !cell.isInput else { continue }
            isOnly[position] = true
            if let last, last.cell.name == cell.name, last.cell.compiler == cell.compiler,
                last.cell.target == cell.target
            {
                (isOnly[position], isOnly[last.position]) = (false, false)
            }
            last = (position, cell)
        }
        return isOnly
    }

    /// The first position in `order` whose cell does not precede the sought one (lower bound).
    ///
    /// - Parameter isBefore: Whether the cell at an index precedes the sought one.
    func firstInOrder(_ isBefore: (Int) -> Bool) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(Int(order[middle])) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The rows of a history: those of a file, which are memory-mapped, followed by added ones.
struct HistoryRows: Sendable {
    private struct Base: @unchecked Sendable {
        let file: MappedFile
        let rows: UnsafeBufferPointer<HistoryRow>
    }

    private let base: Base?
    private(set) var added = RowBatch()

    init() { base = nil }

    init(_ file: MappedFile, _ section: UnsafeRawBufferPointer) {
        base = Base(file: file, rows: section.bindMemory(to: HistoryRow.self))
    }

    /// Releases the memory of the mapped file, with its texts and cells.
    func releasePages() { base?.file.releasePages() }

    var baseCount: Int { base?.rows.count ?? 0 }
    var count: Int { baseCount + added.count }

    /// - Throws: `IndexDamage` if a row of the file is damaged.
    subscript(number: HistoryRow.Number) -> HistoryRow {
        get throws(IndexDamage) {
            let position = Int(number)
            if let base, position < base.rows.count {
                let row = base.rows[position]
                guard row.isSound(as: number) else { throw IndexDamage() }
                return row
            }
            guard position - baseCount < added.count else { throw IndexDamage() }
            return added[position - baseCount]
        }
    }

    /// Appends rows with consecutive numbers.
    mutating func add(_ rows: RowBatch) {
        guard added.count > 0 else {
            added = rows
            return
        }
        for position in 0..<rows.count { added.append(rows[position]) }
    }

    /// The number of rows in a piece.
    private static let piece = 4_096

    /// Calls `body` with the bytes of all rows in the file's format, in pieces.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        if let base { try body(UnsafeRawBufferPointer(base.rows)) }
        for part in (0..<added.count).chunks(ofCount: Self.piece) {
            var sealed = part.map { added[$0] }
            for position in sealed.indices {
                sealed[position].seal(as: HistoryRow.Number(baseCount + part.lowerBound + position))
            }
            try sealed.withUnsafeBytes { try body($0) }
        }
        if count == 0 { try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    }
}

/// The file of an index is damaged, so that the index must be rebuilt.
struct IndexDamage: Error {}
