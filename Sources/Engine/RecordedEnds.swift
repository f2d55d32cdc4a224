internal import Synchronization

/// Ends of assignments that wait to be dealt with together.
final class RecordedEnds: Sendable {
    private let ends = Mutex<[JobEnd]>([])

    /// Adds one.
    ///
    /// - Returns: whether none was waiting, so that the taker has to be told.
    func add(_ end: JobEnd) -> Bool {
        ends.withLock { ends in
            ends.append(end)
            return ends.count == 1
        }
    }

    /// Those that are waiting.
    func take() -> [JobEnd] {
        ends.withLock { ends in
            defer { ends = [] }
            return ends
        }
    }
}
