import Agent
import Core
import Foundation
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
    private func values(_ fixture: JobGraphFixture) throws -> [String] {
        try fixture.store().ephemeral.values(below: nil).keys.map(\.description).sorted()
    }

    private func leave(_ worker: WorkerAgent) async {
        worker.drain()
        await worker.end()
    }

    @Test func workersOfOtherProcessesShareTheWork() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        let workers = try [fixture.worker(), fixture.worker(.test(slots: 1))]
        try await fixture.run(slots: 0, pause: 0...0)
        #expect(try fixture.outcomes() == Self.success)
        #expect(fixture.takeExecuted() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, 1) }))
        #expect(fixture.ranTwiceAtOnce == [])
        for worker in workers { await leave(worker) }
        #expect(try values(fixture) == [])
        let commits = try git("log", "--format=%s", "results/d/t", at: fixture.directory.path).split(separator: "\n")
        #expect(commits.count == Self.graph.count, "each result is recorded once: \(commits)")
    }

    /// Values under the names of claims, leases and registrations that no process owns, and registrations with numbers
    /// that no worker has.
    @Test func valuesThatAreNobodysChangeNothing() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        let store = try fixture.store()
        let values = DispatchValues(store.ephemeral)
        let owner = try values.values.join("other")
        var paths: [StorePath] = [try DispatchValues.dispatcher(of: "d"), "workers/junk", "reports/junk", "runs/d/1"]
        for id in fixture.ids.values { paths.append(try DispatchValues.progress(of: id)) }
        for path in paths { _ = try values.values.change([path: .set(Array("junk".utf8))]) }
        try values.set(WorkerRegistration.test(slots: 100), at: "workers/nobody", owner: nil)
        for (name, slots) in [("many", Int.max), ("negative", -1)] {
            try values.set(
                WorkerRegistration.test(slots: slots), at: DispatchValues.worker(name), owner: owner)
        }
        try values.set(WorkerRegistration.test(slots: 100), at: "workers/a/b", owner: owner)
        let joined = Mutex<[String]>([])
        try await fixture.run(slots: 2) { event in
            if case .workerJoined(let name) = event { joined.withLock { $0.append(name) } }
        }
        #expect(try fixture.outcomes() == Self.success)
        #expect(joined.withLock { $0 } == [])
        #expect(DispatchValues.registrations(in: try values.values.values(below: DispatchValues.workers)).isEmpty)
    }

    /// A dispatcher of another version, whose lease cannot be read, is a dispatcher.
    @Test func anUnreadableLeaseIsWaitedFor() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        let values = try fixture.store().ephemeral
        let owner = try values.join("newer")
        _ = try values.change([try DispatchValues.dispatcher(of: "d"): .set(Array("{}".utf8), owner: owner)])
        let events = Mutex<[String]>([])
        let run = Task {
            try await fixture.run { event in
                switch event {
                case .following(let lease, _): events.withLock { $0.append("follows \(lease.name)") }
                case .leading: events.withLock { $0.append("leads") }
                default: break
                }
            }
        }
        try await waitUntil("it follows") { !events.withLock(\.isEmpty) }
        owner.leave()
        try await run.value
        #expect(events.withLock { $0 } == ["follows \(owner.id)", "leads"])
    }

    @Test func aWorkerRunsOnlyTargetsAndPluginsAndDeploymentsOfItsOwn() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        var (other, plugin, deployment) = (
            WorkerRegistration.test(), WorkerRegistration.test(), WorkerRegistration.test("other")
        )
        (other.targets, plugin.plugins) = (["x-*"], ["q"])
        deployment.slots = 9
        let useless = try [other, plugin, deployment].map { try fixture.worker($0) }
        let run = Task { try await fixture.run(slots: 0) }
        var useful = WorkerRegistration.test()
        (useful.targets, useful.plugins) = (["x", "?"], ["p"])
        let worker = try fixture.worker(useful)
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success])
        for worker in useless + [worker] { await leave(worker) }
    }

    /// A run whose jobs no worker takes says so once, as long as there are only workers for other targets and paused
    /// ones.
    @Test func aRunWithoutWorkersSaysThatItWaits() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"]), ("c", ["b"])])
        let plan = fixture.plan()
        let events = Mutex<[String]>([])
        let run = Task {
            try await fixture.run(plan, slots: 0) { event in
                switch event {
                case .workersMissing(let target, _): events.withLock { $0.append("no worker for \(target)") }
                case .recorded(let result): events.withLock { $0.append(result.cell.package.name) }
                default: break
                }
            }
        }
        try await waitUntil("it waits at the start") { events.withLock { $0 } == ["no worker for t"] }
        var elsewhere = WorkerRegistration.test(slots: 9)
        elsewhere.targets = ["other*"]
        let useless = try fixture.worker(elsewhere)
        var paused = WorkerRegistration.test()
        paused.mode = .paused
        let first = try fixture.worker(paused)
        let values = DispatchValues(try fixture.store().ephemeral)
        try await waitUntil("both are known") { try values.all(WorkerRegistration.self, below: "workers").count >= 2 }
        #expect(events.withLock { $0 } == ["no worker for t"], "it was said before")
        _ = try values.request(.ready, of: first.id)
        try await run.value
        #expect(events.withLock { $0 } == ["no worker for t", "a", "b", "c"])
        for worker in [useless, first] { await leave(worker) }
    }

    /// What will always fail on one worker, such as a broken plugin, may succeed on another one.
    @Test func jobsOfABrokenWorkerAreTriedOnAnother() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", [])])
        let broken = try fixture.worker(.test(slots: 2), isBroken: true)
        try await fixture.run(slots: 0)
        #expect(try fixture.outcomes() == ["a": .infrastructure, "b": .infrastructure])
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1], "the only worker would fail again")
        var registration = WorkerRegistration.test(slots: 1)
        registration.cache = "other"
        let sound = try fixture.worker(registration)
        try await fixture.run(slots: 0)
        #expect(try fixture.outcomes() == ["a": .success, "b": .success])
        for worker in [broken, sound] { await leave(worker) }
    }

    /// The times that a worker with a wrong clock reports are limited by those of the dispatcher, because they decide
    /// which result is the newest.
    @Test func aWrongClockOfAWorkerDatesNoResult() async throws {
        let times = ["a": 1e300, "b": -1e300, "c": 4e9, "d": 86_400]
        let fixture = try JobGraphFixture(times.keys.sorted().map { ($0, []) })
        for name in times.keys { fixture.hold(name) }
        let values = DispatchValues(try fixture.store().ephemeral)
        let worker = try fixture.worker(.test(slots: 4))
        let before = Int(Date().timeIntervalSince1970)
        let run = Task { try await fixture.run(slots: 0) }
        try await waitUntil("all run") { fixture.running.count == 4 }
        for (path, assignment) in try values.all(JobAssignment.self, below: DispatchValues.assignments) {
            let (job, name) = (try #require(DispatchValues.job(in: path)), assignment.cell.package.name)
            let report = ExecutionReport(
                attempt: assignment.attempt, deployment: "d", worker: worker.id, outcome: .failure, duration: 0,
                finished: times[name] ?? 0)
            try values.set(report, at: DispatchValues.report(of: job, attempt: assignment.attempt), owner: nil)
        }
        try await run.value
        let after = Int(Date().timeIntervalSince1970)
        for (name, result) in try fixture.results() {
            #expect((before...after).contains(result.finished ?? 0), "\(name)")
        }
        #expect(try fixture.outcomes() == times.mapValues { _ in .failure })
        await leave(worker)
    }

    /// A worker that loses its registration has the mode with which it may register again, unless it is leaving.
    @Test func aLostWorkerKeepsItsMode() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        fixture.hold("a")
        let values = DispatchValues(try fixture.store().ephemeral)
        func lose(_ worker: WorkerAgent) throws {
            _ = try values.values.remove(DispatchValues.worker(worker.id), expecting: .anything)
        }
        for (mode, ending) in [
            (WorkerRegistration.Mode.ready, WorkerAgent.Ending.lost(.ready)), (.paused, .lost(.paused)),
        ] {
            let worker = try fixture.worker(heartbeat: .milliseconds(20))
            if mode == .paused {
                #expect(try values.request(.paused, of: worker.id))
                try await waitUntil("it is paused") {
                    try values.document(WorkerRegistration.self, at: DispatchValues.worker(worker.id))?.mode == .paused
                }
            }
            try lose(worker)
            #expect(await worker.end() == ending)
        }
        let run = Task { try await fixture.run(slots: 0) }
        let worker = try fixture.worker(heartbeat: .milliseconds(20))
        try await waitUntil("it works") { fixture.running == ["a"] }
        #expect(try values.request(.draining, of: worker.id))
        try await waitUntil("it drains") {
            try values.document(WorkerRegistration.self, at: DispatchValues.worker(worker.id))?.mode == .draining
        }
        try lose(worker)
        #expect(await worker.end() == .left)
        fixture.release("a")
        let other = try fixture.worker()
        try await run.value
        await leave(other)
    }

    /// A request to a worker that is killed before it leaves remains for a limited time only.
    @Test func requestedModesExpire() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        let values = DispatchValues(try fixture.store().ephemeral)
        let owner = try values.values.join("worker")
        try values.set(WorkerRegistration.test(), at: DispatchValues.worker("w"), owner: owner)
        #expect(try values.request(.paused, of: "w"))
        #expect(try values.values.value(at: DispatchValues.mode(of: "w")) != nil)
        let isKept = try values.values.change([DispatchValues.mode(of: "w"): .set([], expecting: .unclaimed)]) != nil
        #expect(!isKept)
        #expect(try !values.request(.paused, of: "nobody"))
        #expect(try values.values.value(at: DispatchValues.mode(of: "nobody")) == nil)
    }

    /// Workers that get no jobs of the run are named with the reason when they register, and counted by reasons when jobs
    /// wait for others.
    @Test func whyAWorkerGetsNoJobsIsReported() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        var (elsewhere, without, other, paused) = (
            WorkerRegistration.test(), WorkerRegistration.test(), WorkerRegistration.test(), WorkerRegistration.test()
        )
        elsewhere.targets = ["x"]
        without.plugins = ["q"]
        let question = try #require(fixture.plan().targets[0].question)
        other.answers = [question: "0123"]
        paused.mode = .paused
        let early = try [elsewhere, without, without, other, paused].map { try fixture.worker($0) }
        let missing = Mutex<[[WorkerRegistration.Obstacle: Int]]>([])
        let unsuited = Mutex<[WorkerRegistration.Obstacle]>([])
        let joined = Mutex(0)
        let run = Task {
            try await fixture.run(slots: 0) { event in
                switch event {
                case .workersMissing(_, let obstacles): missing.withLock { $0.append(obstacles) }
                case .workerUnsuited(_, let obstacle): unsuited.withLock { $0.append(obstacle) }
                case .workerJoined: joined.withLock { $0 += 1 }
                default: break
                }
            }
        }
        try await waitUntil("it waits") { !missing.withLock(\.isEmpty) }
        #expect(
            missing.withLock { $0 } == [[.otherTargets: 1, .missingPlugin: 2, .otherAnswers: 1, .mode: 1]])
        var late: [WorkerAgent] = []
        for (number, registration) in [other, without, elsewhere].enumerated() {
            late.append(try fixture.worker(registration))
            try await waitUntil("it is reported") { unsuited.withLock { $0.count } == number + 1 }
        }
        #expect(unsuited.withLock { $0 } == [.otherAnswers, .missingPlugin, .otherTargets])
        #expect(joined.withLock { $0 } == 0)
        late.append(try fixture.worker())
        try await run.value
        #expect(joined.withLock { $0 } == 1)
        for worker in early + late { await leave(worker) }
    }

    /// A job that a stopped worker gives back has not ended: another worker runs it.
    @Test func aJobOfAStoppedWorkerWillRunAgain() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        fixture.hold("a")
        let events = Mutex<[String]>([])
        let run = Task {
            try await fixture.run(slots: 0) { event in
                switch event {
                case .started(_, let job, _, _): events.withLock { $0.append("\(job.package.name) started") }
                case .retrying(_, let job, _): events.withLock { $0.append("\(job.package.name) again") }
                case .ended(_, let job, _, let ending):
                    events.withLock { $0.append("\(job.package.name) \(ending.outcome)") }
                default: break
                }
            }
        }
        let stopped = try fixture.worker()
        try await waitUntil("the job runs") { events.withLock { $0 } == ["a started"] }
        stopped.stop()
        await stopped.end()
        try await waitUntil("it is said that it will run again") { events.withLock { $0 } == ["a started", "a again"] }
        fixture.release("a")
        let worker = try fixture.worker()
        try await run.value
        #expect(events.withLock { $0 }.dropFirst(2) == ["a started", "a success", "b started", "b success"])
        #expect(fixture.ranTwiceAtOnce == [])
        await leave(worker)
    }

    /// A worker whose machine lacks something pauses instead of failing jobs, and takes them again later.
    @Test func aWorkerThatLacksSomethingLeavesJobsToOthers() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        fixture.set(shortage: "the disk is full")
        let events = Mutex<[String]>([])
        let worker = try fixture.worker(heartbeat: .milliseconds(20)) { event in
            switch event {
            case .short(let shortage): events.withLock { $0.append(shortage) }
            case .mode(let mode): events.withLock { $0.append(mode.rawValue) }
            default: break
            }
        }
        let waits = Mutex(false)
        let run = Task {
            try await fixture.run(slots: 0) { event in
                if case .workersMissing = event { waits.withLock { $0 = true } }
            }
        }
        try await waitUntil("the run waits for another worker") { waits.withLock { $0 } }
        #expect(events.withLock { $0 } == ["the disk is full"] && fixture.begun == 0)
        let values = DispatchValues(try fixture.store().ephemeral)
        #expect(
            try values.document(WorkerRegistration.self, at: DispatchValues.worker(worker.id))?.mode == .paused)
        fixture.set(shortage: nil)
        try await run.value
        #expect(events.withLock { $0 } == ["the disk is full", "ready"])
        #expect(try fixture.outcomes() == ["a": .success, "b": .success])
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1])
        await leave(worker)
    }

    /// A run's own worker fails the job, so that the run ends: nobody may come to help.
    @Test func aRunThatLacksSomethingStartsItsJobsNevertheless() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        fixture.set(shortage: "the disk is full")
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["a": 1])
    }

    /// Jobs of a target that requires labels wait for a worker that has all of them.
    @Test func labelsDecideWhoRunsAJob() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        var plan = fixture.plan()
        plan.targets[0].labels = ["big", "kvm"]
        let labels: [[String]?] = [nil, ["kvm"], ["big", "kv"]]
        let useless = try labels.map { labels in
            var registration = WorkerRegistration.test(slots: 9)
            registration.labels = labels
            return try fixture.worker(registration)
        }
        let missing = Mutex<[String]>([])
        let run = Task {
            try await fixture.run(plan, slots: 2) { event in
                if case .labelsMissing("t", let labels) = event { missing.withLock { $0 += labels } }
            }
        }
        try await waitUntil("it is said what is missing") { missing.withLock { $0 } == ["big", "kvm"] }
        var useful = WorkerRegistration.test()
        useful.labels = ["big", "kvm", "x"]
        let worker = try fixture.worker(useful)
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success])
        #expect(fixture.takeExecuted() == ["a": 1])
        for worker in useless + [worker] { await leave(worker) }
    }

    /// A worker whose plugin has registered another answer than the plan's gets no jobs of the target.
    @Test func aWorkerWithAnotherPluginGetsNoJob() async throws {
        let values = RecordedChanges(MemoryEphemeralValues())
        let fixture = try JobGraphFixture([("a", [])]) { values }
        let plan = fixture.plan()
        let question = try #require(plan.targets[0].question)
        #expect(question == "p t x86_64")
        func registration(_ answer: Digest, slots: Int) -> WorkerRegistration {
            var registration = WorkerRegistration.test(slots: slots)
            let digits = answer.hex.prefix(WorkerRegistration.answerLength)
            registration.answers = [question: String(digits), "p u x86_64": "0"]
            return registration
        }
        let other = try fixture.worker(registration(Digest(of: "another plugin"), slots: 9))
        let run = Task { try await fixture.run(plan, slots: 0) }
        let same = try fixture.worker(registration(plan.targets[0].plugin.digest, slots: 1))
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success])
        let assigned = values.all.flatMap(\.keys).filter { $0.isInside(DispatchValues.assignments) }
        #expect(Set(assigned.map { $0.components[1] }) == [same.id])
        for worker in [other, same] { await leave(worker) }
    }

    @Test func workersAreMatchedByRegisteredAnswers() throws {
        var target = try JobGraphFixture([]).plan().targets[0]
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
        let fixture = try JobGraphFixture([("a", []), ("b", []), ("c", [])])
        fixture.hold("a")
        fixture.hold("b")
        fixture.hold("c")
        var registration = WorkerRegistration.test(slots: 1)
        registration.backlog = 2
        let worker = try fixture.worker(registration)
        let run = Task { try await fixture.run(slots: 0) }
        try await waitUntil("one runs") { fixture.running.count == 1 }
        let values = DispatchValues(try fixture.store().ephemeral)
        try await waitUntil("three are assigned") {
            try values.all(JobAssignment.self, below: DispatchValues.assignments).count == 3
        }
        let first = fixture.running
        #expect(try values.request(.draining, of: worker.id))
        try await waitUntil("the rest is returned") {
            try values.all(JobAssignment.self, below: DispatchValues.assignments).count == 1
        }
        for name in ["a", "b", "c"] { fixture.release(name) }
        await worker.end()
        try await waitUntil("it is recorded") { try fixture.outcomes().count == 1 }
        #expect(try Set(fixture.outcomes().keys) == first)
        #expect(try values.request(.ready, of: worker.id) == false, "it is gone")
        let second = try fixture.worker()
        try await run.value
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        await leave(second)
        #expect(try self.values(fixture) == [])
    }

    @Test func aPausedWorkerGetsMoreWhenItIsReadyAgain() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        var registration = WorkerRegistration.test()
        registration.mode = .paused
        let worker = try fixture.worker(registration)
        let values = DispatchValues(try fixture.store().ephemeral)
        let started = Mutex(false)
        let run = Task {
            try await fixture.run(slots: 0) { event in if case .started = event { started.withLock { $0 = true } } }
        }
        try await waitUntil("the run dispatches") {
            try values.values.value(at: DispatchValues.dispatcher(of: "d")) != nil
        }
        #expect(!started.withLock { $0 })
        #expect(try values.request(.ready, of: worker.id))
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success])
        await leave(worker)
    }

    /// Jobs that wait behind a long job move to a worker that registers later.
    @Test func backlogMovesToAnIdleWorker() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", []), ("c", [])])
        for name in ["a", "b", "c"] { fixture.hold(name) }
        var registration = WorkerRegistration.test(slots: 1)
        registration.backlog = 2
        let slow = try fixture.worker(registration)
        let run = Task { try await fixture.run(slots: 0) }
        try await waitUntil("one runs") { fixture.running.count == 1 }
        let idle = try fixture.worker(.test(slots: 2))
        try await waitUntil("all run") { fixture.running.count == 3 }
        for name in ["a", "b", "c"] { fixture.release(name) }
        try await run.value
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        #expect(fixture.ranTwiceAtOnce == [])
        for worker in [slow, idle] { await leave(worker) }
    }

    /// A dispatcher that has ended leaves running work, and reports that have not been recorded, to the next one.
    @Test func theNextDispatcherAdoptsRunningWorkAndRecordsReports() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.hold("b")
        fixture.hold("c")
        let worker = try fixture.worker(.test(slots: 4))
        let first = Task { try await fixture.run(slots: 0) }
        try await waitUntil("b and c run") { fixture.running == ["b", "c"] }
        try await waitUntil("the rest is recorded") { try fixture.outcomes().count == 3 }
        first.cancel()
        _ = await first.result
        #expect(fixture.running == ["b", "c"], "they go on without a dispatcher")
        fixture.release("b")
        let values = DispatchValues(try fixture.store().ephemeral)
        try await waitUntil("b is reported") {
            try values.all(ExecutionReport.self, below: DispatchValues.reports).count == 1
        }
        let second = Task { try await fixture.run(slots: 0) }
        try await waitUntil("b is recorded") { try fixture.outcomes()["b"] == .success }
        fixture.release("c")
        try await second.value
        #expect(try fixture.outcomes() == Self.success)
        #expect(fixture.takeExecuted() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, 1) }))
        await leave(worker)
        #expect(try self.values(fixture) == [])
    }

    /// Reports of unregistered workers, of earlier attempts, of recorded jobs, and of jobs that are not requested.
    @Test func onlyCurrentReportsCount() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", [])])
        let values = DispatchValues(try fixture.store().ephemeral)
        let jobs = try ["a", "b"].map { try #require(fixture.ids[$0]) }
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
            attempt: 1, deployment: "d", request: Digest(of: "another request"), cell: fixture.cell("a"), kind: .build,
            priority: 0)
        try values.set(assignment, at: DispatchValues.assignment(of: jobs[0], to: "gone"), owner: nil)
        try await fixture.run()
        #expect(try fixture.outcomes() == ["a": .success, "b": .success])
        #expect(try self.values(fixture) == ["reports/\(jobs[0].hex)/2"], "what is another deployment's stays")
    }

    @Test func aRunThatWaitsWorksOnlyAfterwards() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", []), ("c", [])])
        for name in ["a", "b", "c"] { fixture.hold(name) }
        let first = Task { try await fixture.run(slots: 1) }
        try await waitUntil("one runs") { fixture.running.count == 1 }
        let isFollowing = Mutex(false)
        let second = Task {
            try await fixture.run(slots: 2, policy: .wait) { event in
                if case .following(_, isWorking: false) = event { isFollowing.withLock { $0 = true } }
            }
        }
        try await waitUntil("the second waits") { isFollowing.withLock { $0 } }
        let workers = try fixture.store().ephemeral.values(below: "workers")
        #expect(workers.count == 1)
        first.cancel()
        _ = await first.result
        try await waitUntil("the second runs two") { fixture.running.count == 2 }
        for name in ["a", "b", "c"] { fixture.release(name) }
        try await second.value
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "c": 1])
    }

    /// A second run whose cells are decided does not wait for the end of the first.
    @Test func aJoinedRunEndsWithItsOwnCells() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", [])])
        fixture.hold("a")
        fixture.hold("b")
        let first = Task { try await fixture.run() }
        try await waitUntil("both run") { fixture.running == ["a", "b"] }
        let second = Task { try await fixture.run(only: "b") }
        fixture.release("b")
        try await second.value
        #expect(try fixture.outcomes() == ["b": .success])
        fixture.release("a")
        try await first.value
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1])
    }
}
