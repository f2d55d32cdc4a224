package import Core
package import Model
package import Records
package import Store

/// The newest plan of a deployment with the results recorded for its cells, as of the moment it was opened.
///
/// What a front end shows of a deployment starts here: tables, logs, comparisons, explanations. The result tables are read
/// at once; of the plan, only the parts that a question needs.
package struct DeploymentResults: Sendable {
    /// The store that is read.
    package let store: Store
    /// The plan, of which parts are read when they are asked for.
    package let documents: PlanDocuments
    /// The head of the plan: targets, columns and repositories.
    package let header: PlanHeader
    /// The results of each target, by its name.
    package let tables: [String: ResultTable]
    private let superseded: SupersededResults

    /// Reads a deployment.
    ///
    /// - Parameter deployment: its name; nil for the only one in the store.
    /// - Throws: `Failure` of the category `input` where there is none of that name, or several and none is named;
    ///   `StoreError`.
    /// - Complexity: O(results of the deployment).
    package init(store: Store, deployment: String?) throws {
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

    /// A plan that is open already, with results that were read before.
    package init(store: Store, _ documents: PlanDocuments, _ header: PlanHeader, _ results: ResultTables) throws {
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

    /// The names of the deployments of a store that have a plan, in the order of their branches.
    package static func deployments(in store: Store) throws -> [String] {
        let plans = PlanStore(store)
        return try planBranches(of: store).filter { try plans.documents($0).header() != nil }
    }

    /// The branches that may hold a plan: those of results and requests have a slash in their names.
    private static func planBranches(of store: Store) throws -> [String] {
        try store.branches().map(\.name).filter { !$0.contains("/") }
    }

    /// Finds the newest plan of a deployment; nil: of the only one in the store.
    ///
    /// - Throws: `Failure` of the category `input` where there is none, or several and none is named; `StoreError`.
    package static func plan(of deployment: String?, in store: Store) throws -> (PlanDocuments, PlanHeader) {
        let plans = PlanStore(store)
        let names = try planBranches(of: store)
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
    package func plan() async throws -> Plan {
        guard let plan = try await documents.plan() else {
            throw Failure(.unavailable, "the plan of '\(header.deployment)' is gone", hint: "plan again")
        }
        return plan
    }

    /// The digest of the layer that a job added on a target; nil where no result has one.
    package func layer(ofJob job: Digest, on target: String) -> Digest? {
        tables[target]?.result(ofJob: job)?.layer
    }

    /// The recorded verdict on a cell, which may be on a job of an earlier plan; nil where there is none.
    package func result(of cell: Cell) -> CellResult? {
        tables[cell.target]?.result(of: cell)
    }

    /// The recorded verdict on the job that the plan has for a cell now; nil where there is none.
    private func verdict(on planned: PlannedCell) -> CellResult? {
        result(of: planned.cell).flatMap { planned.isDecided(by: $0) ? $0 : nil }
    }

    /// The states of the cells that any of the selectors matches, in order of their names.
    ///
    /// - Parameter selectors: none matches all cells.
    /// - Complexity: O(cells of the columns that the selectors match).
    package func states(picked selectors: [Selector]) throws -> [CellState] {
        try cells(picked: selectors).map(state(of:))
    }

    /// The state of a cell of the plan.
    package func state(of planned: PlannedCell) -> CellState {
        let result = result(of: planned.cell)
        return CellState(planned, result: result, isSuperseded: result.map(superseded.contains) ?? false)
    }

    /// The planned cells that any of the selectors matches, in order of their names.
    ///
    /// - Parameter selectors: none matches all cells.
    package func cells(picked selectors: [Selector]) throws -> [PlannedCell] {
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
