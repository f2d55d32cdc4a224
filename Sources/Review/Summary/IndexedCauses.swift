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
        var roots: [Root: (key: Key, place: Int?)] = [:]
        for place in places {
            let cell = contents.cells[place]
            guard let outcome = cell.outcome else { continue }
            guard outcome == .blocked, let blocker = cell.verdict?.blockedBy else {
                if let key = Key(CauseFacts(cell, outcome)) { causes[number(of: key)].own.append(place) }
                continue
            }
            let root = Root(target: cell.target, compiler: cell.compiler, package: blocker)
            let known = roots[root] ?? self.root(root)
            roots[root] = known
            let number = number(of: known.key)
            causes[number].blocked.append(place)
            if let input = known.place, contents.cells[input].basis == .unplanned {
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

    /// The cause of the cells blocked by a root: its failure or, if it is no longer known to fail, the blocking itself.
    private func root(_ root: Root) -> (key: Key, place: Int?) {
        let texts = contents.texts
        let name = "\(texts[root.target])/\(texts[root.compiler])/\(texts[root.package])"
        if let place = contents.placeOfFailure(named: name), let record = contents.cells[place].record,
            let key = Key(CauseFacts(contents.cells[place], record.outcome))
        {
            return (key, place)
        }
        return (Key(kind: .blocked, package: root.package), nil)
    }
}

extension IndexContents {
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
