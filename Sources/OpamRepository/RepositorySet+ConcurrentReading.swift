package import Core
internal import Dispatch
internal import Synchronization

extension RepositorySet {
    /// Calls `transform` for each element on several threads, each with its own reader.
    ///
    /// - Parameter threads: The number of threads, at least 1.
    /// - Returns: The results in the order of the elements, whatever the number of threads.
    /// - Throws: The error for the first element for which `transform` failed.
    package func concurrentMap<Element: Sendable, Result: Sendable>(
        _ elements: [Element], threads: Int,
        _ transform: @Sendable (RepositoryReader, Element) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        let work = Work<Result>(count: elements.count)
        withoutActuallyEscaping(transform) { transform in
            DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
                var start = 0
                do throws(Failure) {
                    let reader = try reader()
                    while let range = work.claim() {
                        start = range.lowerBound
                        var results: [Result] = []
                        for element in elements[range] { results.append(try transform(reader, element)) }
                        work.finish(range, results)
                    }
                } catch {
                    work.fail(error, at: start)
                }
            }
        }
        return try work.results()
    }
}

/// Distributes ranges of elements to threads and joins the results.
private final class Work<Result: Sendable>: Sendable {
    private struct State {
        var next = 0
        var finished: [(start: Int, results: [Result])] = []
        var failure: (start: Int, error: Failure)?
    }

    private let count: Int
    private let state = Mutex(State())

    init(count: Int) {
        self.count = count
    }

    /// The next range of elements; nil if there are no more, or a thread has failed.
    func claim() -> Range<Int>? {
        state.withLock { state in
            guard state.next < count, state.failure == nil else { return nil }
            let start = state.next
            state.next = min(count, start + 64)
            return start..<state.next
        }
    }

    func finish(_ range: Range<Int>, _ results: [Result]) {
        state.withLock { $0.finished.append((range.lowerBound, results)) }
    }

    /// Keeps the failure with the smallest start. Ranges are claimed in order, so this failure does not depend on the
    /// number of threads.
    func fail(_ error: Failure, at start: Int) {
        state.withLock { state in
            if state.failure.map({ start < $0.start }) ?? true { state.failure = (start, error) }
        }
    }

    func results() throws(Failure) -> [Result] {
        let (finished, failure) = state.withLock { ($0.finished, $0.failure) }
        if let failure { throw failure.error }
        return finished.sorted { $0.start < $1.start }.flatMap(\.results)
    }
}
