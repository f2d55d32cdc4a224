public import Core
public import Model
public import Store

extension ResultBranch {
    /// The newest verdict on a job among the documents that may contain one, otherwise any other result of it; nil if
    /// it has no result.
    ///
    /// - Parameter cell: The cell of the job's package, target and compiler.
    /// - Complexity: Reads two documents.
    public func result(ofJob job: Digest, as cell: Cell, in snapshot: Snapshot) throws -> CellResult? {
        try results(ofJob: job, as: cell, in: snapshot)
            .max { $0.isVerdictOnJob == $1.isVerdictOnJob ? $0.ended(before: $1) : $1.isVerdictOnJob }
    }

    /// The results of a job among the documents that may contain one.
    func results(ofJob job: Digest, as cell: Cell, in snapshot: Snapshot) throws -> [CellResult] {
        // Both are in one directory, which usually does not exist.
        guard try snapshot.exists(StorePath(components: [cell.compiler, cell.package.name])) else { return [] }
        return try [ResultPath.cell(cell), ResultPath.input(cell, job: job)].compactMap {
            try snapshot.value(CellResult.self, at: StorePath($0))
        }.filter { $0.job == job }
    }
}
