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
    private final class Fixture: Sendable {
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
        let fixture = try Fixture()
        try fixture.submit("third", at: 3)
        try fixture.submit("second", at: 2)
        try fixture.submit("urgent", priority: 5, at: 4)
        try fixture.submit("bad", at: 5)
        try fixture.submit("down", at: 6)
        try fixture.submit("unmatched", at: 7)
        try fixture.submit("lost", at: 8)
        try await fixture.server(stays: false).serve()
        #expect(
            try fixture.states() == [
                "second": .complete, "third": .complete, "urgent": .complete, "bad": .rejected, "down": .failed,
                "unmatched": .rejected, "lost": .failed,
            ])
        let plans = fixture.events.filter { $0.hasPrefix("plan") }
        #expect(plans.first == "plan urgent" || plans.first == "plan second", "the first is taken at once: \(plans)")
        #expect(
            plans.filter { $0 != "plan urgent" } == [
                "plan second", "plan third", "plan bad", "plan down", "plan unmatched", "plan lost",
            ])
        #expect(fixture.mostAtOnce == 1)
        let complete = try #require(try SubmittedTask.named("second", in: fixture.store()))
        #expect(complete.progress.cells == ["success": 1] && complete.progress.deployment == "d")
        #expect(
            try SubmittedTask.named("bad", in: fixture.store())?.progress.reason?.contains("no such package") == true)
    }

    /// A machine that takes over from the hub finds finished tasks as finished, including rejected ones.
    @Test func theHubLearnsHowTasksEnd() async throws {
        let (fixture, directory) = (try Fixture(), try TemporaryDirectory())
        try directory.shell("git init -q --bare hub.git")
        let hub = Hub(directory("hub.git"), environment: ProcessEnvironment(["PATH": "/usr/bin:/bin"]))
        try fixture.submit("good")
        try fixture.submit("bad", at: 2)
        try await fixture.server(stays: false, hub: hub).serve()
        let ends = try directory.shell("git -C hub.git for-each-ref --format='%(subject)' 'refs/heads/requests/*'")
        #expect(ends == "Task bad: rejected\nTask good: complete\n")
    }

    @Test func aServerThatStaysTakesFurtherTasksUntilItIsDrained() async throws {
        let (fixture, drain) = (try Fixture(), DrainRequest())
        let server = try fixture.server(stays: true, drain: drain)
        let serving = Task { try await server.serve() }
        try fixture.submit("a")
        try await waitUntil("a is complete") { try fixture.states() == ["a": .complete] }
        fixture.hold("b")
        try fixture.submit("b")
        try await waitUntil("b runs") { fixture.events.last == "run b" }
        drain.make()
        fixture.release("b")
        try await serving.value
        #expect(try fixture.states() == ["a": .complete, "b": .complete])
    }

    @Test func aCancelledTaskStopsWhereverItIs() async throws {
        let fixture = try Fixture()
        fixture.hold("running")
        fixture.hold("plan planning")
        try fixture.submit("running", at: 1)
        try fixture.submit("planning", at: 2)
        try fixture.submit("waiting", at: 3)
        let server = try fixture.server(stays: false)
        let serving = Task { try await server.serve() }
        try await waitUntil("they are at work") {
            try fixture.events.contains("run running") && fixture.states()["planning"] == .planning
        }
        for name in ["running", "planning", "waiting"] {
            let cancelled = TaskProgress(.cancelled, since: 1, reason: "test")
            #expect(try SubmittedTask.record(cancelled, of: name, in: fixture.store()))
            #expect(try !SubmittedTask.record(cancelled, of: name, in: fixture.store()), "it has ended")
        }
        try await serving.value
        #expect(Set(try fixture.states().values) == [.cancelled])
        #expect(!fixture.events.contains("end running") && !fixture.events.contains("run planning"))
    }

    @Test func unfinishedTasksOfAServerAreResumed() async throws {
        let fixture = try Fixture()
        fixture.hold("a")
        try fixture.submit("a", at: 1)
        try fixture.submit("b", at: 2)
        let server = try fixture.server(stays: true)
        let first = Task { try await server.serve() }
        try await waitUntil("a runs") { fixture.events.contains("run a") }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(try fixture.states()["a"] == .dispatched)
        fixture.release("a")
        try await fixture.server(stays: false).serve()
        #expect(try fixture.states() == ["a": .complete, "b": .complete])
    }

    /// Several servers at once, each with a handle of its own on the store.
    @Test func noTaskIsCarriedOutTwice() async throws {
        let fixture = try Fixture()
        for number in 0..<6 { try fixture.submit("t\(number)", at: number) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                let server = try fixture.server(stays: false)
                group.addTask { try await server.serve() }
            }
            try await group.waitForAll()
        }
        try await fixture.server(stays: false).serve()
        #expect(Set(try fixture.states().values) == [.complete])
        #expect(fixture.events.filter { $0.hasPrefix("run") }.sorted() == (0..<6).map { "run t\($0)" })
    }

    /// Another server ends the task after this one has read its state, and before this one claims it.
    @Test func aTaskThatEndsBeforeItIsClaimedIsNotCarriedOut() async throws {
        let fixture = try Fixture()
        try fixture.submit("a")
        let store = try fixture.store()
        let server = try fixture.server(stays: false) { task in
            (try? SubmittedTask.record(TaskProgress(.complete, since: 1), of: task.name, in: store)) == true
        }
        try await server.serve()
        #expect(try fixture.states() == ["a": .complete])
        #expect(fixture.events == [])
        #expect(try store.ephemeral.values(below: SubmittedTask.claims).isEmpty)
    }

    @Test func aServerLeavesTasksThatAreNotForIt() async throws {
        let fixture = try Fixture()
        try fixture.submit("a")
        try fixture.submit("b")
        try await fixture.server(stays: false) { $0.name == "b" }.serve()
        #expect(try fixture.states() == ["a": .submitted, "b": .complete])
    }
}
