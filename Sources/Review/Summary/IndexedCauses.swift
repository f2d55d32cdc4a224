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
    private var places: [Key: Int] = [:]
    private let contents: IndexContents

    /// Computes the causes of the bad cells at `places`.
    ///
    /// - Complexity: O(places).
    init(of places: [Int], in contents: IndexContents) {
        self.contents = contents
        var roots: [Root: (key: Key, place: Int)?] = [:]
        for place in places {
            let cell = contents.cells[place]
            guard let outcome = cell.outcome else { continue }
            guard outcome == .blocked, let blocker = cell.verdict?.blockedBy else {
                if let key = Key(CauseFacts(cell, outcome)) { causes[number(of: key)].own.append(place) }
                continue
            }
            let root = Root(target: cell.target, compiler: cell.compiler, package: blocker)
            let known = roots[root] ?? self.root(root)
            roots[root] = .some(known)
            // If the root is no longer known to fail, the blocking itself is the cause.
            guard let key = known?.key ?? Key(CauseFacts(cell, outcome)) else { continue }
            let number = number(of: key)
            causes[number].blocked.append(place)
            if let input = known?.place, contents.cells[input].basis == .unplanned {
                causes[number].inputs.insert(input)
            }
        }
    }

    private mutating func number(of key: Key) -> Int {
        if let known = places[key] { return known }
        places[key] = causes.count
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
    private func root(_ root: Root) -> (key: Key, place: Int)? {
        guard let place = contents.placeOfFailure(of: root.package, in: (root.target, root.compiler)),
            let record = contents.cells[place].record, let key = Key(CauseFacts(contents.cells[place], record.outcome))
        else { return nil }
        return (key, place)
    }
}

extension IndexContents {
    /// Whether the state of a planned cell is a verdict on its package.
    func isVerdict(at place: Int) -> Bool {
        let cell = cells[place]
        return cell.verdict.map { isVerdict($0, at: place) } ?? cell.outcome?.isVerdict ?? false
    }

    /// Whether the last record of a cell is a verdict on its package.
    ///
    /// Of a blocked cell this depends on the job that blocks it: nothing is known about the cell if that is an infrastructure
    /// failure. If that job is no longer known to fail, what was recorded with the cell decides.
    func isVerdict(_ record: IndexedRecord, at place: Int) -> Bool {
        guard record.outcome == .blocked else { return record.outcome.isVerdict }
        let cell = cells[place]
        let root = placeOfFailure(of: record.blockedBy, in: (cell.target, cell.compiler))
        guard let outcome = root.flatMap({ cells[$0].record?.outcome }) else {
            return record.outcome.isVerdict(record.change)
        }
        return outcome.isVerdict
    }

    /// Whether an infrastructure failure of another package blocks a planned cell.
    func isBlockedByInfrastructure(at place: Int) -> Bool {
        cells[place].outcome == .blocked && !isVerdict(at: place)
    }

    /// The index of the failed cell or input with which a package blocks others of a column; nil if it is not known to fail.
    ///
    /// - Parameter package: The text `NAME.VERSION`.
    fileprivate func placeOfFailure(
        of package: InternedTexts.ID, in column: (target: InternedTexts.ID, compiler: InternedTexts.ID)
    ) -> Int? {
        package == 0
            ? nil : placeOfFailure(named: "\(texts[column.target])/\(texts[column.compiler])/\(texts[package])")
    }

    /// The index of the failed cell or input that may block others; nil if none of this name is known to fail.
    func placeOfFailure(named name: String) -> Int? {
        for name in [name, "+" + name] {
            guard let place = names.id(of: name).map({ Int($0) - 1 }) else { continue }
            let cell = cells[place]
            let record = cell.basis == .unplanned ? cell.record : cell.verdict
            if record?.outcome == .failure || record?.outcome == .infrastructure { return place }
        }
        return nil
    }
}
