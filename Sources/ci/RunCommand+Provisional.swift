internal import Core
internal import Matrix
internal import Model
internal import Records
internal import Review
internal import Store
internal import Worker
internal import YAML

extension RunCommand {
    /// Plans the matrix again, and runs that, as long as jobs have succeeded after which more cells are planned.
    ///
    /// - Parameters:
    ///   - documents: The plan that was run.
    ///   - given: The matrix of the command line; nil for the one that the plan records.
    ///   - last: The number of the last run.
    /// - Returns: the plan that was run last.
    func continued(
        _ documents: PlanDocuments, _ header: PlanHeader, of given: MatrixFile?,
        _ only: (selectors: [Selector], cells: Set<Cell>?), in store: Store, _ procedure: TaskProcedure,
        runner: LocalRunner, last: inout Int?
    ) async throws -> (PlanDocuments, PlanHeader) {
        var (documents, header) = (documents, header)
        while header.provisionalCells > 0 {
            let open = header.provisionalCells
            guard let matrix = try given ?? recordedMatrix(of: header) else { return (documents, header) }
            let (next, nextHeader) = try await plan(
                matrix, in: procedure.path, catalog: procedure.catalog, procedure.configuration)
            // Nothing that was planned after has become known: its job failed, or another cell was picked.
            guard nextHeader.provisionalCells < open else { return (documents, header) }
            (documents, header) = (next, nextHeader)
            let plan = try await wholePlan(in: documents, header, procedure)
            last = try await run(plan, documents, header, only, in: store, procedure, runner: runner)
        }
        return (documents, header)
    }

    /// The matrix that a plan with provisional cells was made from; nil with a message where the plan does not record
    /// it.
    private func recordedMatrix(of header: PlanHeader) throws -> MatrixFile? {
        guard let matrix = header.matrix else {
            let cells = count(header.provisionalCells, "cell")
            StandardError.print("\(cells) can be planned further with the matrix only: ci run MATRIX")
            return nil
        }
        return try MatrixFile(SourceText(file: matrix.path, bytes: Array(matrix.text.utf8)))
    }
}
