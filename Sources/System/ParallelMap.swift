internal import Dispatch
internal import Foundation

/// Runs tasks that compute on threads beside the cooperative pool, which stays free for those that only react.
package final class ComputeExecutor: TaskExecutor {
    /// The one of this process. All who compute share it, so that together they take no more threads than there are
    /// processors.
    package static let shared = ComputeExecutor()

    // Dispatch has threads of their own for each class of work; the cooperative pool is in the default one.
    private let queue = DispatchQueue(label: "compute", qos: .utility, attributes: .concurrent)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// The results of `transform` for all elements, in their order, computed beside the cooperative pool.
///
/// - Parameter width: the number of elements that are worked on at a time; by default one for each processor.
/// - Throws: what `transform` throws first; further elements are not begun then. `CancellationError`.
package func parallelMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], width: Int = ProcessInfo.processInfo.activeProcessorCount,
    _ transform: @escaping @Sendable (Int, Element) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results: [Result?] = Array(repeating: nil, count: elements.count)
        var next = 0
        func begin() {
            guard next < elements.count else { return }
            let (index, element) = (next, elements[next])
            next += 1
            group.addTask(executorPreference: ComputeExecutor.shared) {
                try Task.checkCancellation()
                return (index, try await transform(index, element))
            }
        }
        for _ in 0..<max(1, width) { begin() }
        while let (index, result) = try await group.next() {
            results[index] = result
            begin()
        }
        return results.compactMap(\.self)
    }
}
