internal import Dispatch
internal import Synchronization

extension TargetUniverse {
    /// Solves many requests on several threads.
    ///
    /// - Parameter threads: The number of threads; the answers do not depend on it.
    /// - Returns: The answers in the order of the requests.
    public func solve(_ requests: [Request], threads: Int) -> [Resolution] {
        let shares = min(max(1, threads), max(1, requests.count))
        var warm = Solver(self)
        if let first = requests.first { warm.warm(for: first) }
        let template = warm
        let finished = Mutex<[(share: Int, resolutions: [Resolution])]>([])
        DispatchQueue.concurrentPerform(iterations: shares) { share in
            var solver = template
            // Neighbouring requests have similar costs, so each thread takes every n-th.
            let resolutions = stride(from: share, to: requests.count, by: shares).map { solver.solve(requests[$0]) }
            finished.withLock { $0.append((share, resolutions)) }
        }
        let parts = finished.withLock { $0.sorted { $0.share < $1.share } }
        return requests.indices.map { parts[$0 % shares].resolutions[$0 / shares] }
    }
}
