import Dispatch
import Synchronization
import Testing

@testable import Engine

struct BackgroundRepackTests {
    /// Counts repacks, and keeps them running until they are released.
    private final class Repacks: Sendable {
        private let state = Mutex((begun: 0, atOnce: 0, most: 0))
        private let gate = DispatchSemaphore(value: 0)
        /// An element for each repack that has begun.
        let beginnings: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init() { (beginnings, continuation) = AsyncStream.makeStream(of: Void.self) }

        var begun: Int { state.withLock(\.begun) }
        var mostAtOnce: Int { state.withLock(\.most) }
        func release() { gate.signal() }

        func run() throws {
            state.withLock {
                $0.begun += 1
                $0.atOnce += 1
                $0.most = max($0.most, $0.atOnce)
            }
            continuation.yield()
            gate.wait()
            gate.signal()
            state.withLock { $0.atOnce -= 1 }
            struct Failed: Error {}
            throw Failed()
        }
    }

    @Test func recordsWaitForNoRepack() async throws {
        let repacks = Repacks()
        let records = Mutex(0)
        let backgroundRepack = BackgroundRepack(every: 10) { _ in
            #expect(records.withLock { $0 } >= 10)
            try repacks.run()
        }
        // If one of these waited, the test would never end.
        for _ in 0..<109 {
            records.withLock { $0 += 1 }
            backgroundRepack.noteRecord()
        }
        for await _ in repacks.beginnings { break }
        for _ in 0..<100 { backgroundRepack.noteRecord() }
        #expect(repacks.begun == 1)
        repacks.release()
        await backgroundRepack.finish {}
        #expect(repacks.begun == 2, "once more at the end, although the first one failed")
        #expect(repacks.mostAtOnce == 1)
    }

    @Test func anInterruptedRunDoesNotWaitForTheRepack() async throws {
        let repacks = Repacks()
        defer { repacks.release() }
        let backgroundRepack = BackgroundRepack { willPack in
            willPack()
            try repacks.run()
        }
        let (packing, continuation) = AsyncStream.makeStream(of: Void.self)
        let finish = Task { await backgroundRepack.finish { continuation.yield() } }
        for await _ in packing { break }
        finish.cancel()
        // Were it to wait, the test would never end: nothing releases the packing before.
        await finish.value
    }
}
