extension JobScheduler {
    mutating func end(_ job: Int, _ ending: Ending, now: Duration, _ actions: inout [Action]) {
        guard states.indices.contains(job), states[job] == .ready else { return }
        switch ending {
        case .success:
            settle(job, .succeeded)
            for dependent in graph.dependents(of: job) { meet(dependent, &actions) }
        case .infrastructure where Int(attempt[job]) < attempts:
            let pause = backoff * (1 << min(Int(attempt[job]) - 1, 16))
            states[job] = .retrying
            timers.add(job, at: now + pause)
            actions.append(.wake(at: now + pause))
        case .failure, .infrastructure:
            settle(job, .failed)
            closeDependents(of: job, .blocked, &actions)
        case .cancelled:
            settle(job, .cancelled)
            closeDependents(of: job, .cancelled, &actions)
        }
    }

    /// Submits the jobs whose delay has passed.
    mutating func retryDue(at now: Duration, _ actions: inout [Action]) {
        while let job = timers.popDue(at: now) {
            if states[job] == .retrying { submit(job, &actions) }
        }
        if let next = timers.next { actions.append(.wake(at: next)) }
    }

    mutating func want(_ jobs: [Int], _ actions: inout [Action]) {
        for job in jobs { wanted[job] += 1 }
        // Jobs that were cancelled because no task wanted them are wanted again.
        for job in jobs.sorted() where states[job] == .cancelled && causes[job] == Self.unwanted {
            retry(job, &actions)
        }
    }

    mutating func unwant(_ jobs: [Int], _ actions: inout [Action]) {
        for job in jobs where wanted[job] > 0 {
            wanted[job] -= 1
            if wanted[job] == 0 { cancel(job, cause: Self.unwanted, &actions) }
        }
    }

    /// Cancels an unsettled job and all that depend on it.
    mutating func cancel(_ job: Int, cause: Int32, _ actions: inout [Action]) {
        guard !states[job].isSettled else {
            if cause == Self.itself { keepCancelled(job) }
            return
        }
        actions.append(states[job] == .ready ? .withdraw(job) : .drop(job))
        settle(job, .cancelled)
        causes[job] = cause
        closeDependents(of: job, .cancelled, &actions)
    }

    /// Keeps a job that is blocked, or cancelled for another reason, from running when that reason no longer applies.
    private mutating func keepCancelled(_ job: Int) {
        guard states[job] == .blocked || states[job] == .cancelled, causes[job] != Self.itself else { return }
        states[job] = .cancelled
        causes[job] = Self.itself
        for dependent in closedDependents(of: job, where: { $0 >= 0 }) {
            guard let (state, cause) = obstacle(of: dependent) else { continue }
            (states[dependent], causes[dependent]) = (state, cause)
        }
    }

    mutating func retry(_ job: Int, _ actions: inout [Action]) {
        guard states.indices.contains(job), causes[job] < 0, states[job] == .failed || states[job] == .cancelled else {
            return
        }
        guard wanted[job] > 0 else {
            (states[job], causes[job]) = (.cancelled, Self.unwanted)
            return
        }
        attempt[job] = 0
        for job in [job] + closedDependents(of: job, where: { $0 == job }) {
            reopen(job)
            actions.append(.reopen(job))
            place(job, &actions)
        }
    }

    /// Updates the state of an unsettled job according to its inputs.
    mutating func place(_ job: Int, _ actions: inout [Action]) {
        if wanted[job] == 0 {
            close(job, .cancelled, cause: Self.unwanted, &actions)
        } else if let (state, cause) = obstacle(of: job) {
            close(job, state, cause: cause, &actions)
        } else if unmet[job] == 0 {
            submit(job, &actions)
        }
    }

    /// The state and cause that a job gets from an input that was settled without success.
    private func obstacle(of job: Int) -> (state: State, cause: Int32)? {
        for input in graph.inputs(of: job) {
            let state = states[Int(input)]
            guard state.isSettled, state != .succeeded else { continue }
            let cause = causes[Int(input)] < 0 ? input : causes[Int(input)]
            return (state == .cancelled ? .cancelled : .blocked, cause)
        }
        return nil
    }

    private mutating func meet(_ job: Int, _ actions: inout [Action]) {
        unmet[job] -= 1
        if unmet[job] == 0, states[job] == .waiting { submit(job, &actions) }
    }

    private mutating func submit(_ job: Int, _ actions: inout [Action]) {
        states[job] = .ready
        attempt[job] &+= 1
        actions.append(.submit(job, attempt: Int(attempt[job])))
    }

    private mutating func settle(_ job: Int, _ state: State) {
        states[job] = state
        unsettled -= 1
        remainingCost -= Double(costs[job])
    }

    private mutating func reopen(_ job: Int) {
        states[job] = .waiting
        causes[job] = Self.itself
        unsettled += 1
        remainingCost += Double(costs[job])
    }

    private mutating func close(_ job: Int, _ state: State, cause: Int32, _ actions: inout [Action]) {
        settle(job, state)
        causes[job] = cause
        actions.append(state == .blocked ? .block(job, by: Int(cause)) : .drop(job))
    }

    /// Settles all direct and indirect dependents of a job, with it as the cause.
    private mutating func closeDependents(of cause: Int, _ state: State, _ actions: inout [Action]) {
        var stack = Array(graph.dependents(of: cause))
        let root = causes[cause] < 0 ? Int32(cause) : causes[cause]
        while let job = stack.popLast() {
            guard states[job] == .waiting else { continue }
            close(job, state, cause: root, &actions)
            stack.append(contentsOf: graph.dependents(of: job))
        }
    }

    /// The direct and indirect dependents of a job that are settled for a matching cause, every job after its inputs.
    private func closedDependents(of job: Int, where fits: (Int32) -> Bool) -> [Int] {
        var found: Set<Int> = []
        var stack = Array(graph.dependents(of: job))
        while let job = stack.popLast() {
            guard fits(causes[job]), found.insert(job).inserted else { continue }
            stack.append(contentsOf: graph.dependents(of: job))
        }
        return found.sorted()
    }
}
