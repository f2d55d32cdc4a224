internal import Model

/// The causes of bad cells in an index; each bad cell has exactly one cause.
///
/// - SeeAlso: `docs/decisions/0215-causes.md`
struct IndexedCauses {
    typealias Key = CauseKey<InternedTexts.ID>

    /// The cells of a cause, by their indexes.
    struct Cells {
        var key: Key
        /// The cells that are bad themselves, sorted by name.
        var own: [Int] = []
        /// The cells blocked by one of those or by a job that decides no cell.
        var blocked: [Int] = []
        /// The failed jobs that decide no cell and block cells.
        var inputs: Set<Int> = []

        var count: Int { own.count + blocked.count }
    }

    /// The causes, unordered.
    private(set) var causes: [Cells] = []
    private var positions: [Key: Int] = [:]
    private let contents: IndexContents

    /// Computes the causes of the bad cells at `positions`.
    ///
    /// - Complexity: O(places).
    init(of positions: [Int], in contents: IndexContents) {
        self.contents = contents
        var roots: [Root: (key: Key, position: Int)?] = [:]
        for position in positions {
            let cell = contents.cells[position]
            guard let outcome = cell.outcome else { continue }
            guard outcome == .blocked, let blocker = cell.verdict?.blockedBy else {
                if let key = Key(CauseFacts(cell, outcome)) { causes[number(of: key)].own.append(position) }
                continue
            }
            let root = Root(target: cell.target, compiler: cell.compiler, package: blocker)
            let known = roots[root] ?? self.root(root)
            roots[root] = .some(known)
            // If the root is no longer known to fail, the blocking itself is the cause.
            guard let key = known?.key ?? Key(CauseFacts(cell, outcome)) else { continue }
            let number = number(of: key)
            causes[number].blocked.append(position)
            if let input = known?.position, contents.cells[input].basis == .unplanned {
                causes[number].inputs.insert(input)
            }
        }
    }

    private mutating func number(of key: Key) -> Int {
        if let known = positions[key] { return known }
        positions[key] = causes.count
        causes.append(Cells(key: key))
        return causes.count - 1
    }

    // MARK: What blocks

    /// A package that blocks cells of a column.
    private struct Root: Hashable {
        var target: InternedTexts.ID
        var compiler: InternedTexts.ID
        /// The text `NAME.VERSION`.
        var package: InternedTexts.ID
    }

    /// The failure of a root, which is the cause of the cells that it blocks; nil if it is no longer known to fail.
    private func root(_ root: Root) -> (key: Key, position: Int)? {
        guard let position = contents.positionOfFailure(of: root.package, in: (root.target, root.compiler)),
            let record = contents.cells[position].record,
            let key = Key(CauseFacts(contents.cells[position], record.outcome))
        else { return nil }
        return (key, position)
    }
}

extension IndexContents {
    /// Whether the state of a planned cell is a verdict on its package.
    func isVerdict(at position: Int) -> Bool {
        let cell = cells[position]
        return cell.verdict.map { isVerdict($0, at: position) } ?? cell.outcome?.isVerdict ?? false
    }

    /// Whether the last record of a cell is a verdict on its package.
    ///
    /// Of a blocked cell this depends on the job that blocks it: nothing is known about the cell if that is an
    /// infrastructure failure. If that job is no longer known to fail, what was recorded with the cell decides.
    func isVerdict(_ record: IndexedRecord, at position: Int) -> Bool {
        guard record.outcome == .blocked else { return record.outcome.isVerdict }
        let cell = cells[position]
        let root = positionOfFailure(of: record.blockedBy, in: (cell.target, cell.compiler))
        guard let outcome = root.flatMap({ cells[$0].record?.outcome }) else {
            return record.outcome.isVerdict(record.change)
        }
        return outcome.isVerdict
    }

    /// Whether an infrastructure failure of another package blocks a planned cell.
    func isBlockedByInfrastructure(at position: Int) -> Bool {
        cells[position].outcome == .blocked && !isVerdict(at: position)
    }

    /// The index of the failed cell or input with which a package blocks others of a column; nil if it is not known to
    /// fail.
    ///
    /// - Parameter package: The text `NAME.VERSION`.
    fileprivate func positionOfFailure(
        of package: InternedTexts.ID, in column: (target: InternedTexts.ID, compiler: InternedTexts.ID)
    ) -> Int? {
        package == 0
            ? nil : positionOfFailure(named: "\(texts[column.target])/\(texts[column.compiler])/\(texts[package])")
    }

    /// The index of the failed cell or input that may block others; nil if none of this name is known to fail.
    func positionOfFailure(named name: String) -> Int? {
        for name in [name, "+" + name] {
            guard let position = names.id(of: name).map({ Int($0) - 1 }) else { continue }
            let cell = cells[position]
            let record = cell.basis == .unplanned ? cell.record : cell.verdict
            if record?.outcome == .failure || record?.outcome == .infrastructure { return position }
        }
        return nil
    }
}
