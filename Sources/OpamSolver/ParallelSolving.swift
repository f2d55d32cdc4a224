internal import Dispatch
internal import Synchronization

extension TargetUniverse {
    /// Solves many requests on several threads.
    ///
    /// - Parameter threads: How many; the answers do not depend on it.
    /// - Returns: The answers in the order of the requests.
    public func solve(_ requests: [Request], threads: Int) -> [Resolution] {
        solve(requests, threads: threads, Solver(self)).resolutions
    }

    /// Solves many requests on several threads, and spares itself what was found for other targets.
    ///
    /// - Parameter shared: What was found for other targets of the same universe; gains what is found for this one.
    public func solve(_ requests: [Request], threads: Int, sharing shared: inout SharedAnswers) -> [Resolution] {
        let (resolutions, answers) = solve(requests, threads: threads, Solver(self, sharing: shared))
        shared.add(answers)
        return resolutions
    }

    private func solve(
        _ requests: [Request], threads: Int, _ solver: Solver
    ) -> (resolutions: [Resolution], answers: TargetAnswers) {
        let shares = min(max(1, threads), max(1, requests.count))
        var warm = solver
        if let first = requests.first { warm.warm(for: first) }
        let template = warm
        let finished = Mutex<[(share: Int, resolutions: [Resolution], answers: TargetAnswers)]>([])
        DispatchQueue.concurrentPerform(iterations: shares) { share in
            var solver = template
            // Neighbours in the list cost about the same, so each thread takes every n-th.
            let resolutions = stride(from: share, to: requests.count, by: shares).map { solver.solve(requests[$0]) }
            let answers = solver.answers
            finished.withLock { $0.append((share, resolutions, answers)) }
        }
        let parts = finished.withLock { $0.sorted { $0.share < $1.share } }
        var answers = parts[0].answers
        for part in parts.dropFirst() { answers.merge(part.answers) }
        return (requests.indices.map { parts[$0 % shares].resolutions[$0 / shares] }, answers)
    }
}
