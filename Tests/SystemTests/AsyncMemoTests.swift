import Glibc
import Synchronization
import System
import Testing

struct AsyncMemoTests {
    private struct Broken: Error {}

    /// Law: however many tasks ask, a key's value is computed once.
    @Test func eachKeyIsComputedOnce() async throws {
        let memo = AsyncMemo<Int, Int>()
        let computed = Shared<[Int: Int]>([:])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let value = try await memo.value(for: index % 7) {
                        computed.withLock { $0[index % 7, default: 0] += 1 }
                        await Task.yield()
                        return index % 7 * 10
                    }
                    #expect(value == index % 7 * 10)
                }
            }
            try await group.waitForAll()
        }
        #expect(computed.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<7).map { ($0, 1) }))
    }

    @Test func aFailedComputationIsNotKept() async throws {
        let memo = AsyncMemo<String, Int>()
        await #expect(throws: Broken.self) { try await memo.value(for: "key") { throw Broken() } }
        #expect(try await memo.value(for: "key") { 2 } == 2)
        #expect(try await memo.value(for: "key") { throw Broken() } == 2, "a value is kept")
        memo.forget("key")
        #expect(try await memo.value(for: "key") { 3 } == 3)
    }

    @Test func valuesThatAreNotKeptAreComputedAgain() async throws {
        let memo = AsyncMemo<String, Int>(keepingValues: false)
        #expect(try await memo.value(for: "key") { 1 } == 1)
        #expect(try await memo.value(for: "key") { 2 } == 2)
    }

    @Test func aCancelledTaskLeavesTheComputationToTheOthers() async throws {
        let memo = AsyncMemo<String, Int>()
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await memo.value(for: "key") {
                for await _ in gate {}
                try Task.checkCancellation()
                return 5
            }
        }
        let second = Task { try await memo.value(for: "key") { 6 } }
        // Both wait for one computation once the second one has not ended by its own.
        for _ in 0..<50 { await Task.yield() }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        opening.finish()
        let value = try await second.value
        #expect([5, 6].contains(value), "6 where the second one came after the first was cancelled")
    }

    @Test func unawaitedComputationsAreCancelled() async throws {
        let memo = AsyncMemo<String, Int>()
        let (cancelled, tell) = AsyncStream.makeStream(of: Void.self)
        let (begun, start) = AsyncStream.makeStream(of: Void.self)
        let only = Task {
            try await memo.value(for: "key") {
                start.finish()
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    tell.finish()
                    throw error
                }
                return 1
            }
        }
        for await _ in begun {}
        only.cancel()
        await #expect(throws: CancellationError.self) { try await only.value }
        for await _ in cancelled {}
        #expect(try await memo.value(for: "key") { 2 } == 2)
    }
}

struct ParallelMapTests {
    private struct Broken: Error {}

    @Test(arguments: [1, 2, 5, 100])
    func theOrderIsKeptAndTheWidthIsNotExceeded(width: Int) async throws {
        let running = Shared((now: 0, most: 0))
        let results = try await parallelMap(Array(0..<100), width: width) { index, element in
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            await Task.yield()
            running.withLock { $0.now -= 1 }
            #expect(index == element)
            return element * 2
        }
        #expect(results == (0..<100).map { $0 * 2 })
        #expect(running.withLock { $0.most } <= width)
    }

    @Test func anErrorCancelsTheRest() async throws {
        let begun = Shared(0)
        await #expect(throws: Broken.self) {
            try await parallelMap(Array(0..<1000), width: 2) { _, element -> Int in
                begun.withLock { $0 += 1 }
                if element == 3 { throw Broken() }
                return element
            }
        }
        #expect(begun.withLock { $0 } < 1000)
        #expect(try await parallelMap([Int]()) { _, element in element } == [])
    }

    /// Computing tasks leave the cooperative pool to others: more of them wait for each other than it has threads.
    @Test func computingTasksDoNotFillThePool() async throws {
        let (stream, opening) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        async let results = parallelMap(Array(0..<4), width: 4) { _, element in
            gate.waitUntilOpen()
            return element
        }
        // This runs on the pool, while all of the above block their threads.
        let opener = Task {
            gate.open()
            opening.finish()
        }
        for await _ in stream {}
        await opener.value
        #expect(try await results == [0, 1, 2, 3])
    }
}

/// Blocks threads until it is opened.
private final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    func waitUntilOpen() {
        while !isOpen.withLock({ $0 }) { sched_yield() }
    }
}

/// A value that several tasks change.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
        value.withLock { value in body(&value) }
    }
}
