internal import Core
internal import Matrix
internal import Model
internal import Records
internal import Review
internal import Store
internal import Worker

extension RunCommand {
    /// Plans the matrix again, and runs that, as long as jobs have succeeded after which more cells are planned.
    ///
    /// - Parameter documents: The plan that was run.
    /// - Returns: the plan that was run last.
    func continued(
        _ documents: PlanDocuments, _ header: PlanHeader, of matrix: MatrixFile,
        _ only: (selectors: [Selector], cells: Set<Cell>?), in store: Store, _ procedure: TaskProcedure,
        runner: LocalRunner
    ) async throws -> (PlanDocuments, PlanHeader) {
        var (documents, header) = (documents, header)
        while let open = header.provisionalCells {
            let (next, nextHeader) = try await plan(
                matrix, in: procedure.path, catalog: procedure.catalog, procedure.configuration)
            // Nothing that was planned after has become known: its job failed, or another cell was picked.
            guard nextHeader.provisionalCells ?? 0 < open else { return (documents, header) }
            (documents, header) = (next, nextHeader)
            let plan = try await results(of: documents, header, in: store, procedure).plan()
            try await run(plan, documents, header, only, in: store, procedure, runner: runner)
        }
        return (documents, header)
    }
}

extension PlanHeader {
    /// How many cells are planned further when a job has succeeded; nil where there are none.
    var provisionalCells: Int? {
        let count = columns.reduce(0) { $0 + ($1.cells.provisional ?? 0) }
        return count == 0 ? nil : count
    }
}
