package import Core
package import Model
package import Store

extension ResultBranch {
    /// The parts of a plan that determine how a result is recorded.
    package struct PlannedWork {
        /// Whether the plan has the cell.
        package var hasCell: (Cell) throws -> Bool
        /// Whether the plan has the job.
        package var hasJob: (Digest) throws -> Bool

        package init(hasCell: @escaping (Cell) throws -> Bool, hasJob: @escaping (Digest) throws -> Bool) {
            self.hasCell = hasCell
            self.hasJob = hasJob
        }
    }

    /// A result as recorded by a commit.
    package struct Recording {
        /// The recorded result.
        package var result: CellResult
        /// The path of the document.
        package var path: String
        /// The documents of other versions that were removed.
        package var superseded: [String] = []
        /// Whether verdicts in the removed documents were kept as verdicts on inputs.
        package var keepsInputs = false

        /// The message of the commit.
        ///
        /// - Parameter plan: The commit of the plan under which the result is recorded.
        package func message(plan: String?) -> String {
            result.message(at: keepsInputs ? nil : path, plan: plan, superseding: superseded)
        }
    }

    /// Writes the result of a cell with the change from the last verdict on the package in the same column, and removes
    /// the documents of versions of the package that are no longer planned.
    ///
    /// A verdict on a job that is still planned as an input of others is kept as an input's result.
    ///
    /// - Returns: The recorded result, the removed documents, and whether others were written; nil if it was already
    ///   recorded, for example by another run.
    package func record(
        _ result: CellResult, of plan: PlannedWork, in transaction: Transaction
    ) throws -> Recording? {
        let path = ResultPath.cell(result.cell)
        let own = try transaction.value(CellResult.self, at: StorePath(path))
        if let own, own.isCopy(of: result) { return nil }
        var result = result
        let superseded = try superseded(by: result.cell, plan, in: transaction)
        let newest = superseded.filter { $0.lastVerdict != nil }.max { $0.ended(before: $1) }
        result.compare(
            with: own?.lastVerdict ?? newest?.lastVerdict, build: own?.lastBuild ?? newest?.lastBuild)
        try write(result, at: path, in: transaction)
        var recording = Recording(result: result, path: path)
        for old in superseded {
            try remove(at: ResultPath.cell(old.cell), in: transaction)
            recording.superseded.append(ResultPath.cell(old.cell))
            if old.isVerdictOnJob, let job = old.job, try plan.hasJob(job) {
                try write(old, at: ResultPath.input(old.cell, job: job), in: transaction)
                recording.keepsInputs = true
            }
        }
        return recording
    }

    /// Writes the result of a job that decides no cell.
    ///
    /// - Returns: The recorded result; nil if it was already recorded.
    func record(_ result: CellResult, ofInputAt path: String, in transaction: Transaction) throws -> Recording? {
        if let own = try transaction.value(CellResult.self, at: StorePath(path)), own.isCopy(of: result) { return nil }
        var result = result
        (result.change, result.previous, result.built) = (nil, nil, nil)
        try write(result, at: path, in: transaction)
        return Recording(result: result, path: path)
    }

    /// The results of other versions of a cell's package in the same column, of cells that the plan does not have.
    private func superseded(
        by cell: Cell, _ plan: PlannedWork, in transaction: Transaction
    ) throws -> [CellResult] {
        let directory = try StorePath(components: [cell.compiler, cell.package.name])
        return try transaction.list(directory).compactMap { entry in
            guard !entry.isDirectory, let version = ResultPath.version(ofDocument: entry.name),
                version != cell.package.version
            else { return nil }
            let package = PackageVersion(name: cell.package.name, version: version)
            let other = Cell(target: cell.target, compiler: cell.compiler, package: package)
            guard try !plan.hasCell(other) else { return nil }
            return try transaction.value(CellResult.self, at: directory.appending(entry.name))
        }
    }
}

extension CellResult {
    /// Whether both are the same result, recorded by two concurrent runs.
    func isCopy(of other: CellResult) -> Bool {
        var other = other
        (other.change, other.previous, other.built, other.run) = (change, previous, built, run)
        return self == other
    }
}
