internal import Dispatch
internal import Synchronization

extension TargetUniverse {
    /// Solves many requests on several threads.
    ///
    /// - Parameter threads: How many; the answers do not depend on it.
    /// - Returns: The answers in the order of the requests.
    public func solve(_ requests: [Request], threads: Int) -> [Resolution] {
        let shares = min(max(1, threads), max(1, requests.count))
        let finished = Mutex<[(index: Int, resolution: Resolution)]>([])
        DispatchQueue.concurrentPerform(iterations: shares) { share in
            var solver = Solver(self)
            // Neighbours in the list cost about the same, so each thread takes every n-th.
            let answers = stride(from: share, to: requests.count, by: shares).map { index in
                (index, solver.solve(requests[index]))
            }
            finished.withLock { $0 += answers }
        }
        return finished.withLock { $0.sorted { $0.index < $1.index }.map(\.resolution) }
    }
}
