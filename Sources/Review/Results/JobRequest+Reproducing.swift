internal import Core
package import Model
internal import Records
package import RunnerInterface

/// Which of a cell's jobs is reproduced.
package enum ReproducedJob: Sendable {
    /// The job that decided the cell if that is of its tests and they are not good, otherwise the build.
    case failed
    case build
    case test
}

extension JobRequest {
    /// The request that runs a job of a cell, made from the plan and the recorded layers.
    ///
    /// - Parameters:
    ///   - selector: Must match exactly one cell.
    ///   - choice: Which job of the cell.
    /// - Throws: `Failure` of the category `input` if the selector does not match exactly one cell, the cell has no
    ///   such job, or an input was not built in this store, `unavailable` if the plan in the store is incomplete;
    ///   `StoreError`.
    package init(for selector: Selector, _ choice: ReproducedJob, in results: DeploymentResults) throws {
        let state = try results.state(picked: selector)
        let planned = try results.cells(picked: [Selector(cell: state.cell)]).first
        guard case .jobs(let build, let test) = planned?.basis else {
            throw Failure(.input, "\(state.cell) has no job: it is \(state.state)", hint: state.reason)
        }
        let isOfTests =
            switch choice {
            case .build: false
            case .test: true
            case .failed: state.kind == .test && state.state != Outcome.success.rawValue
            }
        guard let id = isOfTests ? test : build else {
            throw Self.noTests(of: state.cell, isProvisional: planned?.isProvisional ?? false)
        }
        self = try RequestAssembly(results: results, cell: state.cell).request(of: id)
    }

    private static func noTests(of cell: Cell, isProvisional: Bool) -> Failure {
        if isProvisional {
            return Failure(
                .input, "\(cell) has no run: one is planned only when its configure job has succeeded",
                hint: "'ci run' runs that job, and then plans again")
        }
        if cell.package.backend != nil {
            return Failure(.input, "\(cell): the matrix does not request a run of it", hint: "see 'run' of unikernels")
        }
        return Failure(.input, "\(cell): the matrix does not request its tests", hint: "see 'with-test'")
    }
}

/// Collects the inputs of a job from the plan and the recorded results.
private struct RequestAssembly {
    let results: DeploymentResults
    let cell: Cell

    func request(of id: Digest) throws -> JobRequest {
        guard let job = try results.documents.job(id),
            let target = results.header.targets.first(where: {
                $0.name == cell.target && $0.environment == job.environment
            })
        else {
            throw Failure(.unavailable, "the plan has no job \(id)", hint: "plan again")
        }
        let order = try Job.inputOrder(of: job.inputs) { try results.documents.job($0)?.inputs ?? [] }
        let inputs = try order.map { try input($0) }
        return JobRequest(id: id, job: job, files: try files(of: job), inputs: inputs, target: target)
    }

    private func input(_ id: Digest) throws -> JobRequest.Input {
        let job = try results.documents.job(id)
        guard let job, let layer = try results.layer(ofJob: id, on: cell.target) else {
            let name = job?.package.description ?? id.hex
            throw Failure(
                .input, "\(cell) needs \(name), which was not built in this store", hint: "run it first: ci run")
        }
        return JobRequest.Input(id: id, job: job, layer: layer, files: try files(of: job))
    }

    private func files(of job: Job) throws -> PackageFiles {
        guard let files = try results.documents.files(job.opam) else {
            throw Failure(.unavailable, "the store has no package files \(job.opam)", hint: "plan again")
        }
        return files
    }
}
