internal import Core
internal import Model
internal import Records
internal import RunnerInterface
internal import Scheduler
internal import Store

extension RunState {
    /// An assignment of a previous dispatcher.
    private struct Inherited {
        var id: Digest
        var worker: String
        var assignment: JobAssignment
    }

    /// Registers the workers and takes over their assignments from a previous dispatcher of the deployment. Assignments
    /// that this run would not make in the same way are removed.
    ///
    /// - Returns: The assignments that the scheduler must know.
    mutating func takeOver() throws -> [Digest: Dispatcher.Assignment] {
        for (seat, worker) in seats.update(try values.values.values(below: DispatchValues.workers)).joined {
            _ = dispatch.register(seat, worker, at: now)
        }
        let progress = try values.all(JobProgress.self, below: DispatchValues.progress)
        let reports = try values.all(ExecutionReport.self, below: DispatchValues.reports)
            .filter { $0.value.deployment == deployment }
        var adoptions: [Digest: Dispatcher.Assignment] = [:]
        var assigned: Set<StorePath> = []
        for inherited in try inherited() {
            let (id, worker, token) = (inherited.id, inherited.worker, inherited.assignment.attempt)
            let path = try DispatchValues.report(of: id, attempt: token)
            let report = reports[path]
            assigned.insert(path)
            let isThere = seats.registrations[worker] != nil
            let began = try progress[DispatchValues.progress(of: id)]
            let hasBegun = report != nil || began?.attempt == token && began?.worker == worker
            // A job that was to be moved but had already started is kept.
            let isRevoked =
                switch inherited.assignment.revocation {
                case nil: false
                case .unlessBegun: !hasBegun
                default: true
                }
            guard adoptions[id] == nil, report != nil || isThere, !isRevoked,
                try isWanted(inherited, report, hasBegun: hasBegun),
                let seat = seat(of: inherited, isThere: isThere)
            else {
                try remove(id, from: worker, token, report?.claim)
                continue
            }
            adoptions[id] = Dispatcher.Assignment(worker: seat, token: token, isRunning: hasBegun)
            active[id] = Active(
                token: token, seat: seat, worker: worker, request: inherited.assignment.request,
                bundle: inherited.assignment.bundle, hasBegun: hasBegun)
            requests.adopt(inherited.assignment)
        }
        for (path, report) in reports where !assigned.contains(path) {
            guard let id = DispatchValues.job(in: path) else { continue }
            try remove(id, from: report.worker, report.attempt, report.claim)
        }
        return adoptions
    }

    /// The assignments of the deployment, newest first for each job.
    private func inherited() throws -> [Inherited] {
        try values.all(JobAssignment.self, below: DispatchValues.assignments).compactMap { path, assignment in
            guard assignment.deployment == deployment, path.components.count == 3,
                let id = DispatchValues.job(in: path)
            else { return nil }
            return Inherited(id: id, worker: path.components[1], assignment: assignment)
        }.sorted { $0.assignment.attempt > $1.assignment.attempt }
    }

    /// Whether the run would assign the same job over the same layers, and its report has not been recorded.
    private mutating func isWanted(
        _ inherited: Inherited, _ report: ExecutionReport?, hasBegun: Bool
    ) throws -> Bool {
        let id = inherited.id
        guard report?.returned == nil, dispatch.jobs.number(of: id) != nil,
            let job = run.plan.jobs[id], let target = run.worklist.targets[id],
            (try? requests.renew(
                inherited.assignment, id, parameters(of: id, job, target), hasBegun: hasBegun)) == true
        else { return false }
        guard let report else { return true }
        return try recordedVerdict(onJob: id)?.result.execution != report.execution
    }

    /// The seat of the worker that has the job; a new one if the worker has ended.
    private mutating func seat(of inherited: Inherited, isThere: Bool) -> Int? {
        guard isThere else {
            let (seat, worker) = seats.addGone(inherited.worker)
            _ = dispatch.register(seat, worker, at: now)
            goneSeats.append(seat)
            return seat
        }
        return seats.numbers(of: inherited.worker).first { seats.seats[$0].lane == inherited.assignment.lane }
    }
}
