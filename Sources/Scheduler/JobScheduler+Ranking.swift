extension JobScheduler {
    /// Adds jobs, computes all ranks, and submits the jobs that are ready.
    mutating func add(_ jobs: [Job], _ actions: inout [Action]) {
        let first = count
        overtake()
        graph.reserve(jobs.count)
        for job in jobs {
            precondition(job.inputs.allSatisfy { $0 < graph.count }, "an input was not added before the job")
            graph.add(inputs: job.inputs)
            priorities.append(job.priority)
            costs.append(Float(job.cost))
            states.append(Self.state(recorded: job.recorded))
            guard job.recorded == nil else { continue }
            remainingCost += Double(Float(job.cost))
            unsettled += 1
        }
        attempt.append(contentsOf: repeatElement(0, count: jobs.count))
        wanted.append(contentsOf: repeatElement(1, count: jobs.count))
        causes.append(contentsOf: repeatElement(Self.itself, count: jobs.count))
        overtaken.append(contentsOf: repeatElement(0, count: jobs.count))
        unmet.append(contentsOf: repeatElement(0, count: jobs.count))
        rank()
        actions.append(.rank)
        for job in first..<count {
            unmet[job] = Int32(graph.inputs(of: job).count { states[Int($0)] != .succeeded })
            if !states[job].isSettled { place(job, &actions) }
        }
    }

    private static func state(recorded ending: Ending?) -> State {
        switch ending {
        case .success: .succeeded
        case .failure, .infrastructure: .failed
        case .cancelled: .cancelled
        case nil: .waiting
        }
    }

    /// Later jobs may overtake the present ones, but only a limited number of times.
    private mutating func overtake() {
        for job in states.indices where !states[job].isSettled && overtaken[job] < .max { overtaken[job] += 1 }
    }

    private mutating func rank() {
        chains = costs.map { Double($0) }
        for job in chains.indices.reversed() {
            for input in graph.inputs(of: job) {
                chains[Int(input)] = max(chains[Int(input)], Double(costs[Int(input)]) + chains[job])
            }
        }
        let order = states.indices.sorted { left, right in
            let (leftIsOld, rightIsOld) = (isOvertakenOften(left), isOvertakenOften(right))
            if leftIsOld != rightIsOld { return rightIsOld }
            if priorities[left] != priorities[right] { return priorities[left] < priorities[right] }
            if chains[left] != chains[right] { return chains[left] < chains[right] }
            return left > right
        }
        ranks = [Int32](repeating: 0, count: count)
        for (rank, job) in order.enumerated() { ranks[job] = Int32(rank) }
    }

    private func isOvertakenOften(_ job: Int) -> Bool { Int(overtaken[job]) >= overtakingLimit }
}
