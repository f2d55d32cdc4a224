internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver

/// The cells of a column that are kept and those that are solved again.
struct ColumnDelta: Sendable {
    /// The origin of a cell.
    enum CellOrigin: Sendable {
        /// A range of cells of the previous plan.
        case kept(Range<Int>)
        /// An index into `toSolve`.
        case toSolve(Int)
    }

    let name: String
    let stack: Int
    /// The digest of the inputs common to all cells of the column.
    let inputsKey: Digest
    let before: ColumnState?
    /// The cells to solve.
    let toSolve: ColumnCells
    /// The origins of all cells, in order.
    let origins: [CellOrigin]
    /// Cells of the previous plan that are removed or solved again, as `name.version`.
    let dropped: [String]
    /// Cells that are kept except for accepted failures and schedule, as `name.version`.
    let revised: Set<String>

    /// The names whose cells may differ from the previous plan: changed names, and those of cells derived from such
    /// names.
    static func scope(of before: ColumnState, invalidated: [Bool], changed: [String]) -> Set<String> {
        var names = Set(changed)
        for (cell, isInvalidated) in invalidated.enumerated() where isInvalidated {
            names.insert(packageName(before.packages[cell]))
        }
        return names
    }

    /// - Parameters:
    ///   - selected: the cells of names in `scope`, or all cells if it is nil.
    ///   - invalidated: for each cell of the previous plan, whether it was derived from something that has changed.
    ///   - revision: the cells for which the effect of the matrix's rules may have changed.
    init(
        _ selected: ColumnCells, name: String, stack: Int, inputsKey: Digest, before: ColumnState?, invalidated: [Bool],
        scope: Set<String>?, revision: [CellPattern]
    ) {
        self.name = name
        self.stack = stack
        self.inputsKey = inputsKey
        self.before = before
        let universe = selected.column.universe.universe
        var wanted: [String: Int32] = [:]
        for entry in selected.entries {
            wanted[universe.text(of: entry.package)] = ColumnState.Flags(entry).rawValue
        }
        var isKept = Array(repeating: true, count: before?.packages.count ?? 0)
        var dropped: [String] = []
        if let before {
            let doubtful = scope.map { $0.flatMap(before.cells(ofPackage:)) } ?? Array(isKept.indices)
            for cell in doubtful {
                let text = before.packages[cell]
                if !invalidated[cell], wanted[text] == before.flags[cell] {
                    wanted[text] = nil
                } else {
                    isKept[cell] = false
                    dropped.append(text)
                }
            }
        }
        self.dropped = dropped
        let (target, compiler) = (selected.column.target.name.value, selected.column.compiler.name.value)
        let patterns = revision.filter { $0.target.matches(target) && $0.compiler.matches(compiler) }
        revised =
            before.map { before in
                Set(before.cells(matching: patterns.map(\.package)).filter { isKept[$0] }.map { before.packages[$0] })
            } ?? []
        toSolve = ColumnCells(
            column: selected.column,
            entries: selected.entries.filter { wanted[universe.text(of: $0.package)] != nil })
        origins = Self.merged(isKept, before, toSolve)
    }

    /// Merges the kept cells and the cells to solve, both in the order of cells.
    private static func merged(_ isKept: [Bool], _ before: ColumnState?, _ toSolve: ColumnCells) -> [CellOrigin] {
        let universe = toSolve.column.universe.universe
        var origins: [CellOrigin] = []
        var next = 0
        func addKept(upTo end: Int) {
            while let start = isKept[next..<end].firstIndex(of: true) {
                next = isKept[start..<end].firstIndex(of: false) ?? end
                origins.append(.kept(start..<next))
            }
            next = end
        }
        for (index, entry) in toSolve.entries.enumerated() {
            if let before, let package = PackageVersion(universe.text(of: entry.package)) {
                addKept(upTo: before.position(of: package, from: next))
            }
            origins.append(.toSolve(index))
        }
        addKept(upTo: isKept.count)
        return origins
    }

    /// The packages of all cells, as `name.version`.
    var packages: [String] {
        let universe = toSolve.column.universe.universe
        return origins.flatMap { origin in
            switch origin {
            case .kept(let cells): cells.compactMap { before?.packages[$0] }
            case .toSolve(let index): [universe.text(of: toSolve.entries[index].package)]
            }
        }
    }

    /// The number of cells of the column.
    var count: Int {
        origins.reduce(0) { sum, origin in
            if case .kept(let cells) = origin { sum + cells.count } else { sum + 1 }
        }
    }

    /// The incremental state of the column, after its cells were solved.
    func memory(_ solved: [SolvedCell], _ stack: RepositoryChanges) -> ColumnState {
        var memory = ColumnState(name: name, stack: self.stack, inputsKey: inputsKey)
        let universe = toSolve.column.universe.universe
        let roots = toSolve.column.roots.compactMap { stack.number(ofName: $0.name.text) }
        for origin in origins {
            switch origin {
            case .kept(let cells):
                if let before { memory.append(cells, of: before) }
            case .toSolve(let index):
                let entry = toSolve.entries[index]
                let cell = solved[index]
                var flags = ColumnState.Flags(entry)
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

/// The name in `name.version`: the part before the first dot.
func packageName(_ text: String) -> String { String(text.prefix { $0 != "." }) }

extension SolvedCell {
    /// Whether the solver did not give up on any request.
    var isFinal: Bool { answer?.isFinal ?? true && test?.isFinal ?? true }

    /// All names from which the cell's jobs, or the explanation for having none, were derived.
    func examined(in universe: Universe) -> Set<Universe.NameID> {
        var names = explained
        for answer in [answer, test].compactMap(\.self) {
            names.formUnion(answer.examined)
            for package in answer.selection ?? [] { names.insert(universe.nameID(of: package)) }
        }
        return names
    }
}
