import Scheduler

extension Simulation {
    /// The dispatcher gets a notification.
    func receive(_ message: ToDispatcher) throws {
        guard dispatcher != nil else { return }
        switch message {
        case .registered(let worker): try noticeRegistration(of: worker)
        case .started(let worker, let session, let job, let token):
            guard known[worker] == session, numbers[job] >= 0 else { return }
            lastSign[worker] = now
            begun.insert(token)
            try handle(.worker(.started(worker: worker, job: numbers[job], token: token, at: time)))
        case .progress(let worker, let session):
            guard known[worker] == session else { return }
            noteSign(of: worker)
            try handle(.worker(.progress(worker: worker, at: time)))
        case .returned(let worker, let session, let job, let token):
            guard known[worker] == session else { return }
            try noteReturn(of: job, from: worker, token)
        case .reported(let job, let report): try note(report, of: job)
        }
    }

    private func noteReturn(of job: Int, from worker: Int, _ token: UInt64) throws {
        guard numbers[job] >= 0 else { return }
        if model.holder[job] == worker, tokens[job] == token {
            model.hold(job, by: -1)
            if model.held[worker].isEmpty { noteSign(of: worker) }
        }
        try handle(.worker(.returned(worker: worker, job: numbers[job], token: token)))
    }

    private func note(_ report: SimulatedValues.Report, of job: Int) throws {
        guard numbers[job] >= 0 else { return }
        let worker = model.holder[job]
        if worker >= 0, tokens[job] == report.token {
            noteSign(of: worker)
        }
        self.report = report
        try handle(.worker(.reported(job: numbers[job], token: report.token, at: time)))
        self.report = nil
    }

    /// Checks whether the registered session of the worker differs from the one known to the dispatcher.
    func noticeRegistration(of worker: Int) throws {
        let registration = values.registrations[worker]
        guard known[worker] != registration?.session, dispatcher != nil else { return }
        if known[worker] != nil {
            forget(worker)
            try handle(.worker(.lost(worker)))
        }
        guard let registration else { return }
        known[worker] = registration.session
        var description = descriptions[worker]
        description.mode = registration.mode
        (modes[worker], lastSign[worker]) = (registration.mode, now)
        updateUse(of: worker)
        try handle(.worker(.register(worker, description, at: time)))
    }

    /// Revokes the assignments of a lost worker.
    func forget(_ worker: Int) {
        known[worker] = nil
        stalled.remove(worker)
        values.assignments[worker] = [:]
        model.releaseAll(of: worker)
    }

    /// Reads all values: notifications may have been lost.
    func tickDispatcher() throws {
        events.add(.dispatcherClock(incarnation: incarnation), at: now + 1)
        for (job, until) in resting where until <= time && model.rest[job] != .infinity { model.setRest(job, until: 0) }
        resting.removeAll { $0.until <= time }
        try handle(.clock(at: time))
        try checkSigns()
        clocks += 1
        guard clocks % 3 == 0 else { return }
        for worker in workers.indices { try noticeRegistration(of: worker) }
        for job in values.reports.keys.sorted() {
            for report in values.reports[job] ?? [] { try note(report, of: job) }
        }
        for worker in workers.indices {
            for (job, assignment) in values.assignments[worker].sorted(by: { $0.key < $1.key }) {
                try check(assignment, of: job, on: worker)
            }
        }
        // A worker that returns a job removes the assignment.
        for worker in workers.indices {
            for job in model.held[worker].sorted() where values.assignments[worker][job]?.token != tokens[job] {
                try noteReturn(of: job, from: worker, tokens[job])
            }
        }
    }

    private func check(_ assignment: SimulatedValues.Assignment, of job: Int, on worker: Int) throws {
        guard numbers[job] >= 0 else {
            // No task requests it any longer.
            if tasks.allSatisfy({ dispatched.contains($0) || values.cancelledTasks[$0] }) {
                values.assignments[worker][job] = nil
            }
            return
        }
        if model.holder[job] != worker || tokens[job] != assignment.token {
            values.assignments[worker][job] = nil
        } else if assignment.isBegun, begun.insert(assignment.token).inserted {
            lastSign[worker] = now
            try handle(.worker(.started(worker: worker, job: numbers[job], token: assignment.token, at: time)))
        }
    }

    private func noteSign(of worker: Int) {
        lastSign[worker] = now
        stalled.remove(worker)
        updateUse(of: worker)
    }

    private func checkSigns() throws {
        for worker in workers.indices where !model.held[worker].isEmpty {
            let silence = now - lastSign[worker]
            if silence > Double(Self.evictionTime) + 5 {
                throw violation("worker \(worker) keeps its jobs though it is silent")
            }
            if silence > Double(Self.stallTime) + 5, !stalled.contains(worker) {
                throw violation("nobody notices that worker \(worker) is silent")
            }
        }
    }
}
