internal import Synchronization

/// A queue of ended assignments that are processed in batches.
final class RecordedEnds: Sendable {
    private let ends = Mutex<[JobEnd]>([])

    /// Adds an ended assignment.
    ///
    /// - Returns: Whether the queue was empty, so that the consumer must be notified.
    func add(_ end: JobEnd) -> Bool {
        ends.withLock { ends in
            ends.append(end)
            return ends.count == 1
        }
    }

    /// Removes and returns all queued entries.
    func take() -> [JobEnd] {
        ends.withLock { ends in
            defer { ends = [] }
            return ends
        }
    }
}
