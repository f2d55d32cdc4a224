internal import Core
internal import Documents
internal import Records
internal import Review
internal import Store

/// Reads the newest plan of a deployment and what is known of its cells: of both only what is asked for.
struct ResultsReader {
    let store: Store
    let documents: PlanDocuments
    let header: PlanHeader
    /// Of all targets.
    let tables: [String: ResultTable]
    private let superseded: SupersededResults

    /// Reads a deployment; nil: the only one there is.
    ///
    /// - Throws: `Failure` where there is none, or several and none is named.
    init(store: Store, deployment: String?) throws {
        let (documents, header) = try Self.plan(of: deployment, in: store)
        try self.init(store: store, documents, header)
    }

    private init(store: Store, _ documents: PlanDocuments, _ header: PlanHeader) throws {
        var tables: [String: ResultTable] = [:]
        for target in Set(header.targets.map(\.name)) {
            let branch = ResultBranch(deployment: header.deployment, target: target)
            tables[target] = try branch.table(in: store.snapshot(Branch(branch.name)))
        }
        try self.init(store: store, documents, header, tables)
    }

    /// A plan with results that were read before.
    init(store: Store, _ documents: PlanDocuments, _ header: PlanHeader, _ results: ResultTables) throws {
        var tables: [String: ResultTable] = [:]
        for target in Set(header.targets.map(\.name)) {
            tables[target] = results[ResultBranch(deployment: header.deployment, target: target)] ?? ResultTable()
        }
        try self.init(store: store, documents, header, tables)
    }

    private init(
        store: Store, _ documents: PlanDocuments, _ header: PlanHeader, _ tables: [String: ResultTable]
    ) throws {
        self.store = store
        self.documents = documents
        self.header = header
        self.tables = tables
        superseded = try SupersededResults(in: store)
    }

    /// Opens the store that a command names, and reads a deployment; nil: the only one there is.
    init(store option: StoreOption, deployment: String?) throws {
        try self.init(
            store: Store(opening: option.path(in: Configuration.current())), deployment: deployment)
    }

    /// The deployments of a store that have a plan.
    static func deployments(in store: Store) throws -> [String] {
        let plans = PlanStore(store)
        return try store.branches().map(\.name).filter { !$0.contains("/") }
            .filter { try plans.documents($0).header() != nil }
    }

    static func plan(of deployment: String?, in store: Store) throws -> (PlanDocuments, PlanHeader) {
        let plans = PlanStore(store)
        let names = try store.branches().map(\.name).filter { !$0.contains("/") }
        if let deployment {
            let documents = try plans.documents(deployment)
            if let header = try documents.header() { return (documents, header) }
            throw Failure(
                .input, "the store at '\(store.path)' has no deployment '\(deployment)'",
                hint: nearest(to: deployment, in: names).map { "did you mean '\($0)'?" })
        }
        let found = try names.compactMap { name in
            let documents = try plans.documents(name)
            return try documents.header().map { (documents, $0) }
        }
        guard let plan = found.first else {
            throw Failure(.input, "the store at '\(store.path)' has no plan", hint: "make one: ci plan MATRIX")
        }
        guard found.count == 1 else {
            throw Failure(
                .input, "the store has several deployments: \(found.map(\.1.deployment).joined(separator: ", "))",
                hint: "name one with --deployment")
        }
        return plan
    }

    /// The whole plan.
    ///
    /// - Complexity: O(cells + jobs).
    func plan() async throws -> Plan {
        guard let plan = try await documents.plan() else {
            throw Failure(.unavailable, "the plan of '\(header.deployment)' is gone", hint: "plan again")
        }
        return plan
    }

    /// The layer that a job left; nil where it has none.
    func layer(ofJob job: Digest, on target: String) -> Digest? {
        tables[target]?.result(ofJob: job)?.layer
    }

    /// The verdict on a cell; nil where there is none.
    func result(of cell: Cell) -> CellResult? {
        tables[cell.target]?.result(of: cell)
    }

    /// The verdict on what the plan now says of a cell; nil where there is none.
    private func verdict(on planned: PlannedCell) -> CellResult? {
        result(of: planned.cell).flatMap { planned.isDecided(by: $0) ? $0 : nil }
    }

    /// The states of the cells that any of the selectors picks (all where there is none), in order of their names.
    func states(picked selectors: [Selector]) throws -> [CellState] {
        try cells(picked: selectors).map(state(of:))
    }

    /// The state of a cell of the plan.
    func state(of planned: PlannedCell) -> CellState {
        let result = result(of: planned.cell)
        return CellState(planned, result: result, isSuperseded: result.map(superseded.contains) ?? false)
    }

    /// The cells that any of the selectors picks, all where there is none, in order of their names.
    func cells(picked selectors: [Selector]) throws -> [PlannedCell] {
        guard !selectors.isEmpty else { return try documents.cells() }
        let tasks = try TaskIndex(documents.tasks())
        var paths: Set<StorePath> = []
        for column in header.columns {
            for digits in Set(selectors.flatMap { shards(of: column, near: $0) }) {
                try paths.insert(
                    PlanLayout.cells(
                        in: CellShard(target: column.target, compiler: column.compiler, digits: digits)))
            }
        }
        let picked = try paths.flatMap { try documents.cells(at: $0) }.filter { planned in
            selectors.contains {
                $0.picks(planned.cell, result: verdict(on: planned), tasks: tasks.tasks(of: planned.cell))
            }
        }
        return picked.sorted { $0.cell < $1.cell }
    }

    /// The parts of a column among which are all cells that the selector picks there.
    private func shards(of column: PlanColumn, near selector: Selector) -> [String] {
        switch selector {
        case .cells(let target, let compiler, let package):
            guard target.matches(column.target), compiler.matches(column.compiler) else { return [] }
            guard package.isLiteral else { return CellShard.allDigits }
            return [package.pattern, PackageVersion(package.pattern)?.name].compactMap { $0 }
                .map(CellShard.digits(ofPackage:))
        case .outcome, .signature:
            return (tables[column.target]?.results.values).map(Array.init)?
                .filter { $0.cell.compiler == column.compiler && selector.picks($0.cell, result: $0) }
                .map { CellShard.digits(ofPackage: $0.cell.package.name) } ?? []
        case .task: return CellShard.allDigits
        }
    }
}
