internal import Model

/// Why cells are bad, as numbers of an index: each bad cell has one cause.
struct IndexedCauses {
    /// What makes two bad cells have one cause.
    struct Key: Hashable {
        enum Kind: UInt8 {
            case failure, infrastructure, unsolvable, ownOCaml, blocked
        }

        var kind: Kind
        /// A signature or, where there is none, a reason or the sentence that an explanation comes down to.
        var text: InternedTexts.ID = 0
        /// The package that fails, where the text alone does not say that two failures are one; else 0.
        var package: InternedTexts.ID = 0
    }

    /// The cells of one cause, by their places.
    struct Cells {
        var key: Key
        /// Cells that are bad themselves, in order of their names.
        var own: [Int] = []
        /// Cells that wait for one of those, or for a job that decides no cell.
        var blocked: [Int] = []
        /// The failed jobs that decide no cell, and that cells wait for.
        var inputs: Set<Int> = []

        var count: Int { own.count + blocked.count }
    }

    /// In no order.
    private(set) var causes: [Cells] = []
    private var places: [Key: Int] = [:]
    private let contents: IndexContents

    /// The causes of the bad cells among those at `places`.
    ///
    /// - Complexity: O(places).
    init(of places: [Int], in contents: IndexContents) {
        self.contents = contents
        var roots: [Root: (key: Key, place: Int?)] = [:]
        for place in places {
            let cell = contents.cells[place]
            guard let outcome = cell.outcome, outcome != .success, outcome != .cancelled else { continue }
            guard outcome == .blocked, let blocker = cell.verdict?.blockedBy else {
                causes[number(of: key(of: cell, outcome))].own.append(place)
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

    /// The cause of a cell that is bad itself.
    private func key(of cell: IndexedCell, _ outcome: Outcome) -> Key {
        switch outcome {
        case .infrastructure:
            let record = cell.record
            let text = record.map { $0.signature == 0 ? $0.reason : $0.signature }
            return Key(kind: .infrastructure, text: text ?? 0)
        case .unsolvable:
            // Each such package has a sentence of its own, and nobody mends it.
            let isOwn = UnsolvableCause.Class(code: cell.causeCode) == .ownOCaml
            return isOwn ? Key(kind: .ownOCaml) : Key(kind: .unsolvable, text: cell.root)
        case .blocked: return Key(kind: .blocked, package: cell.record?.blockedBy ?? 0)
        case .failure, .success, .cancelled:
            let signature = cell.record?.signature ?? 0
            let isWeak = signature == 0 || cell.record?.isWeak ?? false
            return Key(kind: .failure, text: signature, package: isWeak ? cell.name : 0)
        }
    }

    // MARK: What blocks

    /// A package that blocks cells of a column.
    private struct Root: Hashable {
        var target: InternedTexts.ID
        var compiler: InternedTexts.ID
        /// The text `NAME.VERSION`.
        var package: InternedTexts.ID
    }

    /// The cause of what a root blocks: why it fails or, where it is not known to fail any more, that it blocks.
    private func root(_ root: Root) -> (key: Key, place: Int?) {
        let texts = contents.texts
        let name = "\(texts[root.target])/\(texts[root.compiler])/\(texts[root.package])"
        for name in [name, "+" + name] {
            guard let place = contents.names.id(of: name).map({ Int($0) - 1 }) else { continue }
            let cell = contents.cells[place]
            let isUnplanned = cell.basis == .unplanned
            guard let record = isUnplanned ? cell.record : cell.verdict else { continue }
            if record.outcome == .failure || record.outcome == .infrastructure {
                return (key(of: cell, record.outcome), place)
            }
        }
        return (Key(kind: .blocked, package: root.package), nil)
    }
}
