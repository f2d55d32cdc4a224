package import Core
package import Model
package import Records
package import Store

/// The newest plan of a deployment with the recorded results of its cells, at the time of opening.
///
/// The entry point for front ends: tables, causes, logs, comparisons, explanations. Cells and results come from an
/// index; documents of the plan and of results are read on demand.
package struct DeploymentResults: Sendable {
    /// The store that is read.
    package let store: Store
    /// The plan, whose documents are read on demand.
    package let documents: PlanDocuments
    /// The header of the plan: targets, columns and repositories.
    package let header: PlanHeader
    /// Cells, results and their history.
    package let index: ResultIndex
    /// The results that requested retries will replace.
    let retries: PendingRetries

    /// Reads a deployment.
    ///
    /// - Parameters:
    ///   - deployment: Its name; nil for the only one in the store.
    ///   - cache: The directory for the index if it cannot be stored in the store: for a plain clone or a read-only
    ///     store. If nil, the index is not stored then.
    /// - Throws: `Failure` of the category `input` if there is none of that name, or `deployment` is nil and there are
    ///   several; `StoreError`.
    /// - Complexity: O(cells of the plan + results since the last time).
    package init(store: Store, deployment: String?, cache: String? = nil) throws {
        let (documents, header) = try Self.plan(of: deployment, in: store)
        try self.init(store: store, documents, header, cache: cache)
    }

    /// Uses a plan that is already open.
    package init(store: Store, _ documents: PlanDocuments, _ header: PlanHeader, cache: String? = nil) throws {
        self.store = store
        self.documents = documents
        self.header = header
        let directory = "indexes/\(Digest(of: store.path).hex.prefix(16))"
        let directories = [store.indexDirectory, cache.map { "\($0)/\(directory)" }].compactMap { $0 }
        // The index needs the stored plan; `documents` may be the plan in memory.
        index = try ResultIndex(
            of: header.deployment, PlanStore(store).documents(header.deployment),
            targets: Set(header.targets.map(\.name)).sorted(), in: store,
            directories: directories)
        retries = try PendingRetries(
            in: store, deployment: header.deployment, targets: Set(header.targets.map(\.name)))
    }

    /// The names of the deployments that have a plan, in the order of their branches.
    package static func deployments(in store: Store) throws -> [String] {
        let plans = PlanStore(store)
        return try planBranches(of: store).filter { try plans.documents($0).header() != nil }
    }

    /// The branches that may hold a plan: branches of results and requests have a slash in their names.
    private static func planBranches(of store: Store) throws -> [String] {
        try store.branches().map(\.name).filter { !$0.contains("/") }
    }

    /// Finds the newest plan of a deployment; nil selects the only one in the store.
    ///
    /// - Throws: `Failure` of the category `input` if there is none, or `deployment` is nil and there are several;
    ///   `StoreError`.
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

    /// The commits of the plan and of the results on each target, as far as they are read.
    package var commits: [String] {
        let results = index.contents.tips.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let plan = documents.base?.commit.map { "plan \($0)" }
        return [plan].compactMap { $0 } + results
    }

    /// Releases memory that only makes reading faster: pages of the index, open packs, cached documents.
    package func releaseCaches() {
        index.contents.history.releasePages()
        store.releaseCaches()
    }

    /// The whole plan in documents, for which no results are read.
    ///
    /// - Parameter tables: A cache that may have the plan's jobs.
    /// - Complexity: O(cells + jobs).
    package static func wholePlan(
        in documents: PlanDocuments, _ header: PlanHeader, jobs tables: JobTables
    ) async throws -> Plan {
        guard let plan = try await documents.plan(jobs: tables) else {
            throw Failure(.unavailable, "the plan of '\(header.deployment)' is gone", hint: "plan again")
        }
        return plan
    }

    /// The digest of the layer that a job added on a target, whichever deployment built it; nil if no result has one.
    package func layer(ofJob id: Digest, on target: String) throws -> Digest? {
        guard let job = try documents.job(id) else { return nil }
        let cell = Cell(target: target, compiler: job.compiler, package: job.package)
        return try index.result(ofJob: id, as: cell, in: store)?.layer
            ?? JobLookup.verdict(onJob: id, of: job.package, compiler: job.compiler, in: store)?.layer
    }

    /// The recorded result of a cell, which may be of a job of an earlier plan; nil if there is none. It lacks the
    /// layer and other fields that only the document has.
    package func result(of cell: Cell) throws -> CellResult? {
        try index.contents.position(of: cell).flatMap { try index.result(at: $0, in: store) }
    }

    /// The states of the cells that match the selectors, sorted by name.
    ///
    /// - Parameter selectors: The selectors; all cells if empty.
    package func states(picked selectors: [Selector]) throws -> [CellState] {
        try states(at: positions(picked: selectors))
    }

    /// The states of the given planned cells, sorted by name; nil for all cells.
    package func states(of cells: Set<Cell>?) throws -> [CellState] { try states(at: positions(of: cells)) }

    private func states(at positions: [Int]) throws -> [CellState] {
        try positions.compactMap { position in try index.contents.planned(at: position).map { try state(of: $0) } }
    }

    /// The state of a cell of the plan.
    package func state(of planned: PlannedCell) throws -> CellState {
        let result = try result(of: planned.cell)
        return CellState(planned, result: result, isRetried: try result.map(isRetried) ?? false)
    }

    /// Whether a retry was requested, so that the next run decides the cell again.
    func isRetried(at position: Int) throws -> Bool {
        guard index.contents.cells[position].isDecided, let result = try index.result(at: position, in: store) else {
            return false
        }
        return try isRetried(result)
    }

    /// Whether a retry of the result's job, or of the job that blocks it, was requested after the result.
    private func isRetried(_ result: CellResult) throws -> Bool {
        guard result.outcome != .blocked, result.execution == nil, let job = result.job, retries.concerns(job) else {
            return retries.contains(result)
        }
        // Older versions did not record executions in messages, so the document is read.
        return try index.result(ofJob: job, as: result.cell, in: store).map(retries.contains) ?? false
    }

    /// The planned cells that match the selectors, sorted by name.
    ///
    /// - Parameter selectors: The selectors; all cells if empty.
    package func cells(picked selectors: [Selector]) throws -> [PlannedCell] {
        try positions(picked: selectors).compactMap(index.contents.planned)
    }

    /// The indexes of the planned cells that match the selectors, sorted by name.
    func positions(picked selectors: [Selector]) throws -> [Int] {
        guard !selectors.isEmpty else { return index.plannedPositions }
        let selection = Selection(selectors)
        let source = try SubjectSource(selection, in: self)
        let positions = candidates(selection).filter { selection.picks(IndexedSubject(position: $0, source: source)) }
        if let failure = source.logFailure { throw failure }
        return positions
    }

    /// The indexes of the given planned cells, sorted by name; nil for all cells.
    func positions(of cells: Set<Cell>?) -> [Int] {
        guard let cells else { return index.plannedPositions }
        return index.plannedPositions.filter { cells.contains(index.contents.cell(at: $0)) }
    }

    /// Indexes that include all cells that a selection can match, in order of the cells' names: if it names packages,
    /// the cells of these.
    private func candidates(_ selection: Selection) -> [Int] {
        var names: Set<String> = []
        for selector in selection.selectors where !selector.isNegated {
            guard case .cells(_, _, let package) = selector else { continue }
            guard package.isLiteral else { return index.plannedPositions }
            names.insert(package.pattern)
            if let package = PackageVersion(package.pattern) { names.insert(package.name) }
            // `hello@spt` is a unikernel with its backend.
            names.insert(String(package.pattern.prefix { $0 != "@" }))
        }
        guard !names.isEmpty else { return index.plannedPositions }
        let sorted = names.sorted()
        return header.columns.flatMap { column in sorted.flatMap { plannedPositions(of: $0, in: column) } }
    }

    /// The indexes of the planned versions of a package in a column, in order.
    func plannedPositions(of package: String, in column: PlanColumn) -> [Int] {
        index.positions(of: package, target: column.target, compiler: column.compiler)
            .filter { index.contents.cells[$0].basis != .unplanned }
    }
}
