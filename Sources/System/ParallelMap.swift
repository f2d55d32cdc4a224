internal import Dispatch
internal import Foundation

/// Runs compute-bound tasks on threads outside the cooperative pool, so that other tasks are not delayed.
package final class ComputeExecutor: TaskExecutor {
    /// The executor of this process. All computations share it, so that together they use at most one thread per
    /// processor.
    package static let shared = ComputeExecutor()

    // Dispatch has separate threads for each quality of service; the cooperative pool uses the default one.
    private let queue = DispatchQueue(label: "compute", qos: .utility, attributes: .concurrent)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// The results of `transform` for all elements in order, computed outside the cooperative pool.
///
/// - Parameter width: the number of elements processed at a time; by default one for each processor.
/// - Throws: the first error of `transform`, after which no further elements are started; `CancellationError`.
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
