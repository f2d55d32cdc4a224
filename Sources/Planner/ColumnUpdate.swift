internal import Core
internal import Documents
internal import OpamFormat
internal import OpamSolver

/// Which cells of a column stay what they were, and which are made anew.
struct ColumnUpdate: Sendable {
    /// Where a cell comes from.
    enum Place: Sendable {
        /// The number of a remembered cell.
        case kept(Int)
        /// The number of an entry of `open`.
        case open(Int)
    }

    let name: String
    let stack: Int
    let before: ColumnMemory?
    /// The cells to be made.
    let open: ColumnCells
    /// All cells, in their order.
    let places: [Place]
    /// Remembered cells that are gone or made anew, as `name.version`.
    let dropped: [String]

    /// The names whose cells may differ from those that are remembered: those that have changed, and those of cells
    /// that were made from such names.
    static func scope(of before: ColumnMemory, touched: [Bool], changed: [String]) -> Set<String> {
        var names = Set(changed)
        for (cell, isTouched) in touched.enumerated() where isTouched {
            names.insert(packageName(before.packages[cell]))
        }
        return names
    }

    /// - Parameters:
    ///   - selected: Of names in `scope`; all where that is nil.
    ///   - touched: Which remembered cells were made from what has changed.
    init(
        _ selected: ColumnCells, name: String, stack: Int, before: ColumnMemory?, touched: [Bool], scope: Set<String>?
    ) {
        self.name = name
        self.stack = stack
        self.before = before
        let universe = selected.column.universe.universe
        var wanted: [String: Int32] = [:]
        for entry in selected.entries {
            wanted[universe.text(of: entry.package)] = ColumnMemory.Flags(entry).rawValue
        }
        var kept: [Int] = []
        var dropped: [String] = []
        for cell in 0..<(before?.packages.count ?? 0) {
            guard let before else { break }
            let text = before.packages[cell]
            if let scope, !scope.contains(packageName(text)) {
                kept.append(cell)
            } else if !touched[cell], wanted[text] == before.flags[cell] {
                wanted[text] = nil
                kept.append(cell)
            } else {
                dropped.append(text)
            }
        }
        self.dropped = dropped
        open = ColumnCells(
            column: selected.column,
            entries: selected.entries.filter { wanted[universe.text(of: $0.package)] != nil })
        places = Self.merged(kept, before?.packages ?? FlatTexts(), open)
    }

    /// Both in the order of cells.
    private static func merged(_ kept: [Int], _ packages: FlatTexts, _ open: ColumnCells) -> [Place] {
        let universe = open.column.universe.universe
        let keys = open.entries.map { PackageVersion(universe.text(of: $0.package)) }
        var places: [Place] = []
        var next = 0
        for cell in kept {
            if next < keys.count, let key = PackageVersion(packages[cell]) {
                while next < keys.count, let new = keys[next], new < key {
                    places.append(.open(next))
                    next += 1
                }
            }
            places.append(.kept(cell))
        }
        return places + (next..<keys.count).map { .open($0) }
    }

    /// What is remembered of the column once the open cells are solved.
    func memory(_ solved: [SolvedCell], _ stack: StackUpdate) -> ColumnMemory {
        var memory = ColumnMemory(name: name, stack: self.stack)
        let universe = open.column.universe.universe
        let roots = open.column.roots.compactMap { stack.number(ofName: $0.name.text) }
        for place in places {
            switch place {
            case .kept(let cell):
                guard let before else { continue }
                memory.packages.append(cell, of: before.packages)
                memory.flags.append(before.flags[cell])
                memory.examined.append(before.examined.numbers[before.examined.range(cell)])
            case .open(let index):
                let entry = open.entries[index]
                let cell = solved[index]
                var flags = ColumnMemory.Flags(entry)
                if !cell.isFinal { flags.insert(.isOpen) }
                memory.packages.append(universe.text(of: entry.package))
                memory.flags.append(flags.rawValue)
                memory.examined.append(
                    entry.exclusion == nil
                        ? Set(cell.examined(in: universe).map { stack.number(of: $0) }).union(roots).sorted() : [])
            }
        }
        return memory
    }
}

/// The name in `name.version`: what comes before the first dot.
func packageName(_ text: String) -> String { String(text.prefix { $0 != "." }) }

extension SolvedCell {
    /// Whether the solver did not give up.
    var isFinal: Bool { answer?.isFinal ?? true && test?.isFinal ?? true }

    /// All names that the cell's jobs, or the explanation why it has none, were made from.
    func examined(in universe: Universe) -> Set<Universe.NameID> {
        var names = explained
        for answer in [answer, test].compactMap(\.self) {
            names.formUnion(answer.examined)
            for package in answer.selection ?? [] { names.insert(universe.nameID(of: package)) }
        }
        return names
    }
}
