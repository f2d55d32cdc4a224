internal import System

/// The cells of an index, memory-mapped from a file and copied on the first write.
struct IndexedCells: RandomAccessCollection, MutableCollection, Sendable {
    private struct Base: @unchecked Sendable {
        let file: MappedFile
        let cells: UnsafeBufferPointer<IndexedCell>
    }

    private var base: Base?
    private var own: [IndexedCell] = []

    /// No cells.
    init() {}

    /// - Parameter section: The section of the file with the cells.
    init(_ file: MappedFile, _ section: UnsafeRawBufferPointer) {
        base = Base(file: file, cells: section.bindMemory(to: IndexedCell.self))
    }

    var startIndex: Int { 0 }
    var endIndex: Int { base?.cells.count ?? own.count }

    subscript(position: Int) -> IndexedCell {
        get {
            guard let base else { return own[position] }
            precondition(base.cells.indices.contains(position))
            return base.cells[position]
        }
        _modify {
            copyBase()
            yield &own[position]
        }
        set {
            copyBase()
            own[position] = newValue
        }
    }

    mutating func append(_ cell: IndexedCell) {
        copyBase()
        own.append(cell)
    }

    private mutating func copyBase() {
        guard let base else { return }
        own = Array(base.cells)
        self.base = nil
    }

    /// Calls `body` with the bytes of all cells.
    func withUnsafeBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        if let base { try body(UnsafeRawBufferPointer(base.cells)) } else { try own.withUnsafeBytes(body) }
    }
}
