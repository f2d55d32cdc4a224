import Glibc
import Synchronization
import Testing

@testable import Engine

struct HousekeepingTests {
    /// Counts tidyings, and lets them last until they are released.
    private final class Tidyings: Sendable {
        private let state = Mutex((begun: 0, atOnce: 0, most: 0, isReleased: false))

        var begun: Int { state.withLock(\.begun) }
        var mostAtOnce: Int { state.withLock(\.most) }
        func release() { state.withLock { $0.isReleased = true } }

        func run() throws {
            state.withLock {
                $0.begun += 1
                $0.atOnce += 1
                $0.most = max($0.most, $0.atOnce)
            }
            while !state.withLock(\.isReleased) { usleep(1_000) }
            state.withLock { $0.atOnce -= 1 }
            struct Failed: Error {}
            throw Failed()
        }
    }

    @Test func recordsWaitForNoTidying() async throws {
        let tidyings = Tidyings()
        let housekeeping = Housekeeping(every: 10) { _ in try tidyings.run() }
        for _ in 0..<9 { housekeeping.noteRecord() }
        try await Task.sleep(for: .milliseconds(20))
        #expect(tidyings.begun == 0)
        // Were one of these to wait, the test would never end.
        for _ in 0..<100 { housekeeping.noteRecord() }
        while tidyings.begun == 0 { try await Task.sleep(for: .milliseconds(1)) }
        for _ in 0..<100 { housekeeping.noteRecord() }
        #expect(tidyings.begun == 1)
        tidyings.release()
        await housekeeping.finish {}
        #expect(tidyings.begun == 2, "once more at the end, although the first one failed")
        #expect(tidyings.mostAtOnce == 1)
    }

    @Test func whoeverIsInterruptedDoesNotWaitForTheEnd() async throws {
        let tidyings = Tidyings()
        defer { tidyings.release() }
        let housekeeping = Housekeeping { willPack in
            willPack()
            try tidyings.run()
        }
        let (packing, tell) = AsyncStream.makeStream(of: Void.self)
        let finish = Task { await housekeeping.finish { tell.yield() } }
        for await _ in packing { break }
        finish.cancel()
        // Were it to wait, the test would never end: nothing releases the packing before.
        await finish.value
    }
}
