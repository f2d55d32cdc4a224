import Glibc
import Synchronization
import Testing

@testable import Engine

struct BackgroundRepackTests {
    /// Counts repacks, and lets them last until they are released.
    private final class Repacks: Sendable {
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
        let repacks = Repacks()
        let backgroundRepack = BackgroundRepack(every: 10) { _ in try repacks.run() }
        for _ in 0..<9 { backgroundRepack.noteRecord() }
        try await Task.sleep(for: .milliseconds(20))
        #expect(repacks.begun == 0)
        // Were one of these to wait, the test would never end.
        for _ in 0..<100 { backgroundRepack.noteRecord() }
        while repacks.begun == 0 { try await Task.sleep(for: .milliseconds(1)) }
        for _ in 0..<100 { backgroundRepack.noteRecord() }
        #expect(repacks.begun == 1)
        repacks.release()
        await backgroundRepack.finish {}
        #expect(repacks.begun == 2, "once more at the end, although the first one failed")
        #expect(repacks.mostAtOnce == 1)
    }

    @Test func whoeverIsInterruptedDoesNotWaitForTheEnd() async throws {
        let repacks = Repacks()
        defer { repacks.release() }
        let backgroundRepack = BackgroundRepack { willPack in
            willPack()
            try repacks.run()
        }
        let (packing, tell) = AsyncStream.makeStream(of: Void.self)
        let finish = Task { await backgroundRepack.finish { tell.yield() } }
        for await _ in packing { break }
        finish.cancel()
        // Were it to wait, the test would never end: nothing releases the packing before.
        await finish.value
    }
}
