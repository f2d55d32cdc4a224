import Glibc
import Synchronization
import Testing

@testable import System

struct BlockingWorkTests {
    /// If the work were dropped, the waiting task would wait forever.
    @Test func workWaitsForRoomForItsThread() async {
        let refusals = Mutex(3)
        let runs = Atomic(0)
        await withCheckedContinuation { continuation in
            BlockingWork.start({
                runs.add(1, ordering: .relaxed)
                continuation.resume()
            }) { work in
                let isRefused = refusals.withLock { left in
                    defer { left -= 1 }
                    return left > 0
                }
                return isRefused ? EAGAIN : BlockingWork.create(work)
            }
        }
        #expect(refusals.withLock { $0 } == -1, "tried until it succeeded, and once then")
        #expect(runs.load(ordering: .relaxed) == 1)
    }
}
