import Glibc
import System
import TestSupport
import Testing

struct LockTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func holder() throws -> RunningProgram {
        let program = try Program([BuiltProgram.path(of: "system-probe"), "lock", directory("lock")]).start()
        while program.isRunning, program.output.isEmpty { sched_yield() }
        try #require(program.output == "locked\n")
        return program
    }

    @Test func oneProcessAtATimeHasTheLock() throws {
        let holder = try holder()
        #expect(try ExclusiveLock.attempt(directory("lock")) == nil)
        #expect(try OpenFile<SystemError>(directory("lock"), O_RDWR).isLockedElsewhere)
        let other = try Program([BuiltProgram.path(of: "system-probe"), "lock", directory("lock")]).start()
        while other.isRunning, other.output.isEmpty { sched_yield() }
        #expect(other.output == "held elsewhere\n")
        for program in [holder, other] {
            program.kill(SIGKILL)
            program.wait()
        }
        #expect(try ExclusiveLock.attempt(directory("lock")) != nil)
    }

    @Test func aWaiterIsWokenWhenTheHolderDies() async throws {
        let holder = try holder()
        let path = directory("lock")
        let waiter = Task { try await ExclusiveLock.acquire(path) }
        holder.kill(SIGKILL)
        let lock = try await waiter.value
        #expect(try ExclusiveLock.attempt(path) == nil)
        withExtendedLifetime(lock) {}
    }

    @Test func aCancelledWaiterDoesNotKeepTheLockItGetsLater() async throws {
        let path = directory("lock")
        var first = try ExclusiveLock.attempt(path)
        let waiter = Task { try await ExclusiveLock.acquire(path) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(first != nil)
        first = nil
        // The abandoned thread may hold it for a moment.
        let lock = try await ExclusiveLock.acquire(path)
        withExtendedLifetime(lock) {}
    }

    /// Law: sections between taking and releasing the lock never overlap.
    @Test func heldSectionsDoNotOverlap() async throws {
        let path = directory("lock")
        let counter = directory("counter")
        try directory.write("0", to: "counter")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let lock = try await ExclusiveLock.acquire(path)
                    let value = contents(of: counter).flatMap { Int($0) } ?? -1000
                    await Task.yield()
                    try FileSystem<SystemError>.replace(counter, with: Array("\(value + 1)".utf8), durability: .none)
                    withExtendedLifetime(lock) {}
                }
            }
            try await group.waitForAll()
        }
        #expect(directory.read("counter") == "20")
    }

    @Test func aLockWithATimeLimitGivesUp() throws {
        let held = try OpenFile<SystemError>(directory("lock"), O_RDWR | O_CREAT)
        #expect(try held.tryLock())
        let other = try OpenFile<SystemError>(directory("lock"), O_RDWR)
        #expect(try !other.lock(within: .milliseconds(1)))
        #expect(try !other.lock(within: .seconds(3600), mayContinue: { false }))
        held.unlock()
        #expect(try other.lock(within: .zero))
    }
}
