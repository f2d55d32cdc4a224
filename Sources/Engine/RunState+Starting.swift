internal import Core
internal import Model
internal import RunnerInterface

extension RunState {
    /// Starts a job, or takes over the verdict on it that is recorded by now.
    ///
    /// - Returns: false where another run is at work on it.
    mutating func start(_ id: Digest, token: UInt64, in group: inout Group) async throws -> Bool {
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else {
            let report = Self.infrastructure("the plan has no job \(id)")
            group.addTask { .completed(id, token: token, .report(report)) }
            return true
        }
        if let claims = run.claims, try !claims.claim(id) {
            await run.observe(.waiting(id, job, target: target.name))
            group.addTask {
                await claims.waitUntilFree(id)
                return .free(id)
            }
            return false
        }
        if let (result, isOwn) = try run.recorded(id), isUsable(result, for: job) {
            group.addTask { .completed(id, token: token, .adopted(result, isOwn: isOwn)) }
            return true
        }
        await run.observe(.started(id, job, target: target.name, attempt: dispatch.attempt(of: id)))
        do {
            let request = JobRequest(
                id: id, job: job, files: try files(of: job), inputs: try inputs(of: job), target: target)
            execute(request, token: token, in: &group)
        } catch {
            let report = Self.infrastructure("\(error)")
            group.addTask { .completed(id, token: token, .report(report)) }
        }
        return true
    }

    /// Whether a recorded verdict was reached over the layers that the job's inputs have now, and its own layer is there.
    private func isUsable(_ result: CellResult, for job: Job) -> Bool {
        guard result.outcome == .success || result.outcome == .failure else { return false }
        if let base = result.base {
            guard base == inputLayers.base(of: job) else { return false }
        } else if job.inputs.contains(where: executed.contains) {
            return false
        }
        guard result.outcome == .success, job.kind == .build else { return true }
        return result.layer.map(run.runner.holds) ?? false
    }

    private mutating func execute(_ request: JobRequest, token: UInt64, in group: inout Group) {
        let id = request.id
        let (runner, observe) = (run.runner, run.observe)
        let (steps, tell) = AsyncStream.makeStream(of: JobStep.self)
        let work = Task { await runner.run(request) { tell.yield($0) } }
        running[id] = work
        executed.insert(id)
        group.addTask {
            async let told: Void = {
                for await step in steps { await observe(.step(id, step)) }
            }()
            let report = await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                work.cancel()
            }
            tell.finish()
            await told
            return .completed(id, token: token, .report(report))
        }
    }

    private static func infrastructure(_ reason: String) -> JobReport {
        var report = JobReport(outcome: .infrastructure, duration: 0)
        report.reason = reason
        return report
    }

    private mutating func files(of job: Job) throws -> PackageFiles {
        if let known = files[job.opam] { return known }
        let read = try run.files(job.opam)
        files[job.opam] = read
        return read
    }

    /// All that the job is built over, inputs before what is built over them.
    private mutating func inputs(of job: Job) throws -> [JobRequest.Input] {
        let order = try Job.inputOrder(of: job.inputs) { try built($0).job.inputs }
        return try order.map { id in
            let (input, layer) = try built(id)
            return JobRequest.Input(id: id, job: input, layer: layer, files: try files(of: input))
        }
    }

    private func built(_ id: Digest) throws(Failure) -> (job: Job, layer: Digest) {
        guard let job = run.plan.jobs[id], let layer = layers[id] else {
            throw Failure(.unavailable, "the layer of job \(id) is missing")
        }
        return (job, layer)
    }
}
