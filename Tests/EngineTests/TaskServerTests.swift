import Core
import Hub
import Model
import Records
import Store
import Synchronization
import System
import TestSupport
import Testing

@testable import Engine

/// Servers of tasks on a real store, with stubs for planning and running.
@Suite struct TaskServerTests {
    /// A store, and the plans and runs of its tasks.
    private final class World: Sendable {
        private struct State {
            var events: [String] = []
            var held: Set<String> = []
            var runningAtOnce = 0
            var mostAtOnce = 0
            var counts: [String: Int] = [:]
        }

        private let directory: TemporaryDirectory
        private let state = Mutex(State())

        init() throws {
            directory = try TemporaryDirectory()
            _ = try store()
        }

        func store() throws -> Store { try Store(at: directory.path, options: StoreOptions(durability: .process)) }

        func submit(_ name: String, priority: Int = 0, at time: Int = 1) throws {
            let request = TaskRequest(priority: priority, submitted: time, submitter: "test")
            try SubmittedTask.submit(name, request, matrix: Array("deployment: \(name)".utf8), in: store())
        }

        func states() throws -> [String: TaskProgress.State] {
            Dictionary(
                try SubmittedTask.all(in: store()).map { ($0.name, $0.progress.state) }, uniquingKeysWith: { $1 })
        }

        func hold(_ name: String) { state.withLock { _ = $0.held.insert(name) } }
        func release(_ name: String) { state.withLock { _ = $0.held.remove(name) } }
        var events: [String] { state.withLock(\.events) }
        var mostAtOnce: Int { state.withLock(\.mostAtOnce) }

        private func note(_ event: String) { state.withLock { $0.events.append(event) } }

        private func waitWhileHeld(_ name: String) async throws {
            while state.withLock({ $0.held.contains(name) }) { try await Task.sleep(for: .milliseconds(2)) }
        }

        func server(
            stays: Bool, drain: DrainRequest = DrainRequest(), hub: Hub? = nil,
            accepts: @escaping @Sendable (SubmittedTask) -> Bool = { _ in true }
        ) throws -> TaskServer {
            TaskServer(
                store: try store(), accepts: accepts, stays: stays,
                procedure: TaskServer.Procedure { [self] task in
                    note("plan \(task.name)")
                    try await waitWhileHeld("plan \(task.name)")
                    if task.name.hasPrefix("bad") { throw Failure(.input, "no such package") }
                    if task.name.hasPrefix("down") { throw Failure(.unavailable, "no such host") }
                    return TaskServer.PlannedRun(deployment: "d") { [self] in
                        note("run \(task.name)")
                        state.withLock { state in
                            state.runningAtOnce += 1
                            state.mostAtOnce = max(state.mostAtOnce, state.runningAtOnce)
                        }
                        defer { state.withLock { $0.runningAtOnce -= 1 } }
                        try await waitWhileHeld(task.name)
                        note("end \(task.name)")
                        if task.name.hasPrefix("unmatched") { throw Failure(.input, "no cell matches") }
                        if task.name.hasPrefix("lost") { throw Failure(.unavailable, "no space is left") }
                        return ["success": 1]
                    }
                }, drain: drain, hub: hub)
        }
    }

    @Test func tasksAreCarriedOutByPriorityAndAge() async throws {
        let world = try World()
        try world.submit("third", at: 3)
        try world.submit("second", at: 2)
        try world.submit("urgent", priority: 5, at: 4)
        try world.submit("bad", at: 5)
        try world.submit("down", at: 6)
        try world.submit("unmatched", at: 7)
        try world.submit("lost", at: 8)
        try await world.server(stays: false).serve()
        #expect(
            try world.states() == [
                "second": .complete, "third": .complete, "urgent": .complete, "bad": .rejected, "down": .failed,
                "unmatched": .rejected, "lost": .failed,
            ])
        let plans = world.events.filter { $0.hasPrefix("plan") }
        #expect(plans.first == "plan urgent" || plans.first == "plan second", "the first is taken at once: \(plans)")
        #expect(
            plans.filter { $0 != "plan urgent" } == [
                "plan second", "plan third", "plan bad", "plan down", "plan unmatched", "plan lost",
            ])
        #expect(world.mostAtOnce == 1)
        let complete = try #require(try SubmittedTask.named("second", in: world.store()))
        #expect(complete.progress.cells == ["success": 1] && complete.progress.deployment == "d")
        #expect(try SubmittedTask.named("bad", in: world.store())?.progress.reason?.contains("no such package") == true)
    }

    /// A machine that takes over from the hub finds finished tasks as finished, including rejected ones.
    @Test func theHubLearnsHowTasksEnd() async throws {
        let (world, directory) = (try World(), try TemporaryDirectory())
        try directory.shell("git init -q --bare hub.git")
        let hub = Hub(directory("hub.git"), environment: ProcessEnvironment(["PATH": "/usr/bin:/bin"]))
        try world.submit("good")
        try world.submit("bad", at: 2)
        try await world.server(stays: false, hub: hub).serve()
        let ends = try directory.shell("git -C hub.git for-each-ref --format='%(subject)' 'refs/heads/requests/*'")
        #expect(ends == "Task bad: rejected\nTask good: complete\n")
    }

    @Test func aServerThatStaysTakesFurtherTasksUntilItIsDrained() async throws {
        let (world, drain) = (try World(), DrainRequest())
        let server = try world.server(stays: true, drain: drain)
        let serving = Task { try await server.serve() }
        try world.submit("a")
        try await waitUntil("a is complete") { try world.states() == ["a": .complete] }
        world.hold("b")
        try world.submit("b")
        try await waitUntil("b runs") { world.events.last == "run b" }
        drain.make()
        world.release("b")
        try await serving.value
        #expect(try world.states() == ["a": .complete, "b": .complete])
    }

    @Test func aCancelledTaskStopsWhereverItIs() async throws {
        let world = try World()
        world.hold("running")
        world.hold("plan planning")
        try world.submit("running", at: 1)
        try world.submit("planning", at: 2)
        try world.submit("waiting", at: 3)
        let server = try world.server(stays: false)
        let serving = Task { try await server.serve() }
        try await waitUntil("they are at work") {
            try world.events.contains("run running") && world.states()["planning"] == .planning
        }
        for name in ["running", "planning", "waiting"] {
            let cancelled = TaskProgress(.cancelled, since: 1, reason: "test")
            #expect(try SubmittedTask.record(cancelled, of: name, in: world.store()))
            #expect(try !SubmittedTask.record(cancelled, of: name, in: world.store()), "it has ended")
        }
        try await serving.value
        #expect(Set(try world.states().values) == [.cancelled])
        #expect(!world.events.contains("end running") && !world.events.contains("run planning"))
    }

    @Test func unfinishedTasksOfAServerAreResumed() async throws {
        let world = try World()
        world.hold("a")
        try world.submit("a", at: 1)
        try world.submit("b", at: 2)
        let server = try world.server(stays: true)
        let first = Task { try await server.serve() }
        try await waitUntil("a runs") { world.events.contains("run a") }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(try world.states()["a"] == .dispatched)
        world.release("a")
        try await world.server(stays: false).serve()
        #expect(try world.states() == ["a": .complete, "b": .complete])
    }

    /// Several servers at once, each with a handle of its own on the store.
    @Test func noTaskIsCarriedOutTwice() async throws {
        let world = try World()
        for number in 0..<6 { try world.submit("t\(number)", at: number) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                let server = try world.server(stays: false)
                group.addTask { try await server.serve() }
            }
            try await group.waitForAll()
        }
        try await world.server(stays: false).serve()
        #expect(Set(try world.states().values) == [.complete])
        #expect(world.events.filter { $0.hasPrefix("run") }.sorted() == (0..<6).map { "run t\($0)" })
    }

    /// Another server ends the task after this one has read its state, and before this one claims it.
    @Test func aTaskThatEndsBeforeItIsClaimedIsNotCarriedOut() async throws {
        let world = try World()
        try world.submit("a")
        let store = try world.store()
        let server = try world.server(stays: false) { task in
            (try? SubmittedTask.record(TaskProgress(.complete, since: 1), of: task.name, in: store)) == true
        }
        try await server.serve()
        #expect(try world.states() == ["a": .complete])
        #expect(world.events == [])
        #expect(try store.ephemeral.values(below: SubmittedTask.claims).isEmpty)
    }

    @Test func aServerLeavesTasksThatAreNotForIt() async throws {
        let world = try World()
        try world.submit("a")
        try world.submit("b")
        try await world.server(stays: false) { $0.name == "b" }.serve()
        #expect(try world.states() == ["a": .submitted, "b": .complete])
    }
}
