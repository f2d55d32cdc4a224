import Agent
import Core
import Model
import Records
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// A dispatcher and workers with handles of their own on one store, as in several processes.
@Suite struct WorkerProtocolTests {
    private static let graph: [(name: String, over: [String])] = [
        ("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"]), ("e", []), ("f", ["e"]),
    ]
    private static let success = Dictionary(uniqueKeysWithValues: graph.map { ($0.name, Outcome.success) })

    /// The remaining assignments, reports, progress and registrations.
    private func values(_ world: StoredWorld) throws -> [String] {
        try world.store().ephemeral.values(below: nil).keys.map(\.description).sorted()
    }

    private func leave(_ worker: WorkerAgent) async {
        worker.drain()
        await worker.end()
    }

    @Test func workersOfOtherProcessesShareTheWork() async throws {
        let world = try StoredWorld(Self.graph)
        let workers = try [world.worker(), world.worker(.test(slots: 1))]
        try await world.run(slots: 0, pause: 0...0)
        #expect(try world.outcomes() == Self.success)
        #expect(world.takeExecuted() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, 1) }))
        #expect(world.ranTwiceAtOnce == [])
        for worker in workers { await leave(worker) }
        #expect(try values(world) == [])
        let commits = try git("log", "--format=%s", "results/d/t", at: world.directory.path).split(separator: "\n")
        #expect(commits.count == Self.graph.count, "each result is recorded once: \(commits)")
    }

    @Test func aWorkerRunsOnlyTargetsAndPluginsAndDeploymentsOfItsOwn() async throws {
        let world = try StoredWorld([("a", [])])
        var (other, plugin, deployment) = (
            WorkerRegistration.test(), WorkerRegistration.test(), WorkerRegistration.test("other")
        )
        (other.targets, plugin.plugins) = (["x-*"], ["q"])
        deployment.slots = 9
        let useless = try [other, plugin, deployment].map { try world.worker($0) }
        let run = Task { try await world.run(slots: 0) }
        var useful = WorkerRegistration.test()
        (useful.targets, useful.plugins) = (["x", "?"], ["p"])
        let worker = try world.worker(useful)
        try await run.value
        #expect(try world.outcomes() == ["a": .success])
        for worker in useless + [worker] { await leave(worker) }
    }

    /// A run whose jobs no worker takes says so once, as long as there are only workers for other targets and paused
    /// ones.
    @Test func aRunWithoutWorkersSaysThatItWaits() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"]), ("c", ["b"])])
        let plan = world.plan()
        let told = Mutex<[String]>([])
        let run = Task {
            try await world.run(plan, slots: 0) { event in
                switch event {
                case .workersMissing(let target): told.withLock { $0.append("no worker for \(target)") }
                case .recorded(let result): told.withLock { $0.append(result.cell.package.name) }
                default: break
                }
            }
        }
        try await waitUntil("it waits at the start") { told.withLock { $0 } == ["no worker for t"] }
        var elsewhere = WorkerRegistration.test(slots: 9)
        elsewhere.targets = ["other*"]
        let useless = try world.worker(elsewhere)
        var paused = WorkerRegistration.test()
        paused.mode = .paused
        let first = try world.worker(paused)
        let values = DispatchValues(try world.store().ephemeral)
        try await waitUntil("both are known") { try values.all(WorkerRegistration.self, below: "workers").count >= 2 }
        #expect(told.withLock { $0 } == ["no worker for t"], "it was said before")
        _ = try values.request(.ready, of: first.id)
        try await run.value
        #expect(told.withLock { $0 } == ["no worker for t", "a", "b", "c"])
        for worker in [useless, first] { await leave(worker) }
    }

    /// A job that a stopped worker gives back has not ended: another worker runs it.
    @Test func aJobOfAStoppedWorkerWillRunAgain() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"])])
        world.hold("a")
        let told = Mutex<[String]>([])
        let run = Task {
            try await world.run(slots: 0) { event in
                switch event {
                case .started(_, let job, _, _): told.withLock { $0.append("\(job.package.name) started") }
                case .retrying(_, let job, _): told.withLock { $0.append("\(job.package.name) again") }
                case .ended(_, let job, _, let ending):
                    told.withLock { $0.append("\(job.package.name) \(ending.outcome)") }
                default: break
                }
            }
        }
        let stopped = try world.worker()
        try await waitUntil("the job runs") { told.withLock { $0 } == ["a started"] }
        stopped.stop()
        await stopped.end()
        try await waitUntil("it is said that it will run again") { told.withLock { $0 } == ["a started", "a again"] }
        world.release("a")
        let worker = try world.worker()
        try await run.value
        #expect(told.withLock { $0 }.dropFirst(2) == ["a started", "a success", "b started", "b success"])
        #expect(world.ranTwiceAtOnce == [])
        await leave(worker)
    }

    /// A worker whose machine lacks something pauses instead of failing jobs, and takes them again later.
    @Test func aWorkerThatLacksSomethingLeavesJobsToOthers() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"])])
        world.set(shortage: "the disk is full")
        let told = Mutex<[String]>([])
        let worker = try world.worker(heartbeat: .milliseconds(20)) { event in
            switch event {
            case .short(let shortage): told.withLock { $0.append(shortage) }
            case .mode(let mode): told.withLock { $0.append(mode.rawValue) }
            default: break
            }
        }
        let waits = Mutex(false)
        let run = Task {
            try await world.run(slots: 0) { event in
                if case .workersMissing = event { waits.withLock { $0 = true } }
            }
        }
        try await waitUntil("the run waits for another worker") { waits.withLock { $0 } }
        #expect(told.withLock { $0 } == ["the disk is full"] && world.begun == 0)
        let values = DispatchValues(try world.store().ephemeral)
        #expect(
            try values.document(WorkerRegistration.self, at: DispatchValues.worker(worker.id))?.mode == .paused)
        world.set(shortage: nil)
        try await run.value
        #expect(told.withLock { $0 } == ["the disk is full", "ready"])
        #expect(try world.outcomes() == ["a": .success, "b": .success])
        #expect(world.takeExecuted() == ["a": 1, "b": 1])
        await leave(worker)
    }

    /// A run's own worker fails the job, so that the run ends: nobody may come to help.
    @Test func aRunThatLacksSomethingStartsItsJobsNevertheless() async throws {
        let world = try StoredWorld([("a", [])])
        world.set(shortage: "the disk is full")
        try await world.run()
        #expect(world.takeExecuted() == ["a": 1])
    }

    /// Jobs of a target that requires labels wait for a worker that has all of them.
    @Test func labelsDecideWhoRunsAJob() async throws {
        let world = try StoredWorld([("a", [])])
        var plan = world.plan()
        plan.targets[0].labels = ["big", "kvm"]
        let labels: [[String]?] = [nil, ["kvm"], ["big", "kv"]]
        let useless = try labels.map { labels in
            var registration = WorkerRegistration.test(slots: 9)
            registration.labels = labels
            return try world.worker(registration)
        }
        let missing = Mutex<[String]>([])
        let run = Task {
            try await world.run(plan, slots: 2) { event in
                if case .labelsMissing("t", let labels) = event { missing.withLock { $0 += labels } }
            }
        }
        try await waitUntil("it is said what is missing") { missing.withLock { $0 } == ["big", "kvm"] }
        var useful = WorkerRegistration.test()
        useful.labels = ["big", "kvm", "x"]
        let worker = try world.worker(useful)
        try await run.value
        #expect(try world.outcomes() == ["a": .success])
        #expect(world.takeExecuted() == ["a": 1])
        for worker in useless + [worker] { await leave(worker) }
    }

    /// A worker whose plugin has registered another answer than the plan's gets no jobs of the target.
    @Test func aWorkerWithAnotherPluginGetsNoJob() async throws {
        let values = RecordedChanges(MemoryEphemeralValues())
        let world = try StoredWorld([("a", [])]) { values }
        let plan = world.plan()
        let question = try #require(plan.targets[0].question)
        #expect(question == "p t x86_64")
        func registration(_ answer: Digest, slots: Int) -> WorkerRegistration {
            var registration = WorkerRegistration.test(slots: slots)
            let digits = answer.hex.prefix(WorkerRegistration.answerLength)
            registration.answers = [question: String(digits), "p u x86_64": "0"]
            return registration
        }
        let other = try world.worker(registration(Digest(of: "another plugin"), slots: 9))
        let run = Task { try await world.run(plan, slots: 0) }
        let same = try world.worker(registration(plan.targets[0].plugin.digest, slots: 1))
        try await run.value
        #expect(try world.outcomes() == ["a": .success])
        let assigned = values.all.flatMap(\.keys).filter { $0.isInside(DispatchValues.assignments) }
        #expect(Set(assigned.map { $0.components[1] }) == [same.id])
        for worker in [other, same] { await leave(worker) }
    }

    @Test func workersAreMatchedByRegisteredAnswers() throws {
        var target = try StoredWorld([]).plan().targets[0]
        #expect(WorkerRegistration.test().mayAnswer(target), "nothing is registered")
        target.options = ["a": "b"]
        #expect(target.question == nil)
        (target.options, target.version) = ([:], "2")
        #expect(target.question == nil, "'t' is not the name of 't-2'")
        (target.name, target.systemCompiler, target.engine) = ("t-2", true, .opam)
        #expect(target.question == "p t-2 x86_64 system-compiler opam")
    }

    /// A worker that drains returns the jobs that it has not begun, and finishes the rest.
    @Test func aDrainedWorkerFinishesWhatRuns() async throws {
        let world = try StoredWorld([("a", []), ("b", []), ("c", [])])
        world.hold("a")
        world.hold("b")
        world.hold("c")
        var registration = WorkerRegistration.test(slots: 1)
        registration.backlog = 2
        let worker = try world.worker(registration)
        let run = Task { try await world.run(slots: 0) }
        try await waitUntil("one runs") { world.running.count == 1 }
        let values = DispatchValues(try world.store().ephemeral)
        try await waitUntil("three are assigned") {
            try values.all(JobAssignment.self, below: DispatchValues.assignments).count == 3
        }
        let first = world.running
        #expect(try values.request(.draining, of: worker.id))
        try await waitUntil("the rest is returned") {
            try values.all(JobAssignment.self, below: DispatchValues.assignments).count == 1
        }
        for name in ["a", "b", "c"] { world.release(name) }
        await worker.end()
        try await waitUntil("it is recorded") { try world.outcomes().count == 1 }
        #expect(try Set(world.outcomes().keys) == first)
        #expect(try values.request(.ready, of: worker.id) == false, "it is gone")
        let second = try world.worker()
        try await run.value
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        await leave(second)
        #expect(try self.values(world) == [])
    }

    @Test func aPausedWorkerGetsMoreWhenItIsReadyAgain() async throws {
        let world = try StoredWorld([("a", [])])
        var registration = WorkerRegistration.test()
        registration.mode = .paused
        let worker = try world.worker(registration)
        let values = DispatchValues(try world.store().ephemeral)
        let started = Mutex(false)
        let run = Task {
            try await world.run(slots: 0) { event in if case .started = event { started.withLock { $0 = true } } }
        }
        try await waitUntil("the run dispatches") {
            try values.values.value(at: DispatchValues.dispatcher(of: "d")) != nil
        }
        #expect(!started.withLock { $0 })
        #expect(try values.request(.ready, of: worker.id))
        try await run.value
        #expect(try world.outcomes() == ["a": .success])
        await leave(worker)
    }

    /// Jobs that wait behind a long job move to a worker that registers later.
    @Test func backlogMovesToAnIdleWorker() async throws {
        let world = try StoredWorld([("a", []), ("b", []), ("c", [])])
        for name in ["a", "b", "c"] { world.hold(name) }
        var registration = WorkerRegistration.test(slots: 1)
        registration.backlog = 2
        let slow = try world.worker(registration)
        let run = Task { try await world.run(slots: 0) }
        try await waitUntil("one runs") { world.running.count == 1 }
        let idle = try world.worker(.test(slots: 2))
        try await waitUntil("all run") { world.running.count == 3 }
        for name in ["a", "b", "c"] { world.release(name) }
        try await run.value
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        #expect(world.ranTwiceAtOnce == [])
        for worker in [slow, idle] { await leave(worker) }
    }

    /// A dispatcher that has ended leaves running work, and reports that have not been recorded, to the next one.
    @Test func theNextDispatcherAdoptsRunningWorkAndRecordsReports() async throws {
        let world = try StoredWorld(Self.graph)
        world.hold("b")
        world.hold("c")
        let worker = try world.worker(.test(slots: 4))
        let first = Task { try await world.run(slots: 0) }
        try await waitUntil("b and c run") { world.running == ["b", "c"] }
        try await waitUntil("the rest is recorded") { try world.outcomes().count == 3 }
        first.cancel()
        _ = await first.result
        #expect(world.running == ["b", "c"], "they go on without a dispatcher")
        world.release("b")
        let values = DispatchValues(try world.store().ephemeral)
        try await waitUntil("b is reported") {
            try values.all(ExecutionReport.self, below: DispatchValues.reports).count == 1
        }
        let second = Task { try await world.run(slots: 0) }
        try await waitUntil("b is recorded") { try world.outcomes()["b"] == .success }
        world.release("c")
        try await second.value
        #expect(try world.outcomes() == Self.success)
        #expect(world.takeExecuted() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, 1) }))
        await leave(worker)
        #expect(try self.values(world) == [])
    }

    /// Reports of unregistered workers, of earlier attempts, of recorded jobs, and of jobs that are not requested.
    @Test func onlyCurrentReportsCount() async throws {
        let world = try StoredWorld([("a", []), ("b", [])])
        let values = DispatchValues(try world.store().ephemeral)
        let jobs = try ["a", "b"].map { try #require(world.ids[$0]) }
        var stale = ExecutionReport(
            attempt: 1, deployment: "d", worker: "gone", outcome: .failure, duration: 0, finished: 1)
        stale.phase = .build
        for job in jobs + [Digest(of: "no job")] {
            try values.set(stale, at: DispatchValues.report(of: job, attempt: 1), owner: nil)
        }
        var foreign = stale
        foreign.deployment = "other"
        try values.set(foreign, at: DispatchValues.report(of: jobs[0], attempt: 2), owner: nil)
        let assignment = JobAssignment(
            attempt: 1, deployment: "d", request: Digest(of: "another request"), cell: world.cell("a"), kind: .build,
            priority: 0)
        try values.set(assignment, at: DispatchValues.assignment(of: jobs[0], to: "gone"), owner: nil)
        try await world.run()
        #expect(try world.outcomes() == ["a": .success, "b": .success])
        #expect(try self.values(world) == ["reports/\(jobs[0].hex)/2"], "what is another deployment's stays")
    }

    @Test func aRunThatWaitsWorksOnlyAfterwards() async throws {
        let world = try StoredWorld([("a", []), ("b", []), ("c", [])])
        for name in ["a", "b", "c"] { world.hold(name) }
        let first = Task { try await world.run(slots: 1) }
        try await waitUntil("one runs") { world.running.count == 1 }
        let isFollowing = Mutex(false)
        let second = Task {
            try await world.run(slots: 2, policy: .wait) { event in
                if case .following(_, isWorking: false) = event { isFollowing.withLock { $0 = true } }
            }
        }
        try await waitUntil("the second waits") { isFollowing.withLock { $0 } }
        let workers = try world.store().ephemeral.values(below: "workers")
        #expect(workers.count == 1)
        first.cancel()
        _ = await first.result
        try await waitUntil("the second runs two") { world.running.count == 2 }
        for name in ["a", "b", "c"] { world.release(name) }
        try await second.value
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "c": 1])
    }

    /// A second run whose cells are decided does not wait for the end of the first.
    @Test func aJoinedRunEndsWithItsOwnCells() async throws {
        let world = try StoredWorld([("a", []), ("b", [])])
        world.hold("a")
        world.hold("b")
        let first = Task { try await world.run() }
        try await waitUntil("both run") { world.running == ["a", "b"] }
        let second = Task { try await world.run(only: "b") }
        world.release("b")
        try await second.value
        #expect(try world.outcomes() == ["b": .success])
        world.release("a")
        try await first.value
        #expect(world.takeExecuted() == ["a": 1, "b": 1])
    }
}
