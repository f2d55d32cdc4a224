import Foundation
import Glibc
import TestSupport
import Testing

/// Dispatchers and workers in processes of their own, which are killed at random moments, with real builds in
/// sandboxes.
///
/// `CISO_TEST_KILLS` is the number of kills; the long form is 200.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct ProcessCrashTests {
    private enum Role: CaseIterable {
        case run, worker
    }

    /// Eleven packages in four levels, one of which fails.
    private static let packages = [
        "a1.1": #"depends: "ocaml" install: ["sh" "-c" "sleep 0.1; mkdir -p %{lib}%/a1; echo a1 > %{lib}%/a1/f"]"#,
        "a2.1": #"depends: "ocaml" install: ["sh" "-c" "sleep 0.2; mkdir -p %{lib}%/a2; echo a2 > %{lib}%/a2/f"]"#,
        "a3.1": #"depends: "ocaml" install: ["sh" "-c" "mkdir -p %{lib}%/a3; echo a3 > %{lib}%/a3/f"]"#,
        "b1.1":
            #"depends: ["a1" "a2"] install: ["sh" "-c" "mkdir -p %{lib}%/b1; cat %{lib}%/a1/f %{lib}%/a2/f > %{lib}%/b1/f"]"#,
        "b2.1": #"depends: ["a2" "a3"] install: ["sh" "-c" "mkdir -p %{lib}%/b2; cat %{lib}%/a3/f > %{lib}%/b2/f"]"#,
        "bad.1": #"depends: "a3" build: ["false"]"#,
        "over.1": #"depends: "bad""#,
        "c1.1": #"depends: ["b1" "b2"] install: ["sh" "-c" "mkdir -p %{lib}%/c1; cat %{lib}%/b1/f > %{lib}%/c1/f"]"#,
        "c2.1":
            #"depends: "b2" install: ["sh" "-c" "sleep 0.1; mkdir -p %{lib}%/c2; cat %{lib}%/b2/f > %{lib}%/c2/f"]"#,
    ]

    private func start(_ role: Role, _ deployment: SmallDeployment) throws -> RunningProgram {
        var program = try deployment.ci(role == .run ? ["run", "--jobs", "1"] : ["worker", "--jobs", "1"])
        program.isJoined = true
        return try program.start()
    }

    @Test func whateverIsKilledTheResultsAreThoseOfAnUndisturbedRun() async throws {
        let wanted =
            ProcessInfo.processInfo.environment["CISO_TEST_KILLS"].flatMap { Int($0) } ?? (LongForm.isWanted ? 200 : 4)
        var random = SeededGenerator()
        let undisturbed = try await SmallDeployment(Self.packages)
        let first = try await start(.run, undisturbed).end()
        #expect(first.status == 1, "\(first.output)")
        let (states, layers) = (try undisturbed.states(), try undisturbed.layersOfCells())
        #expect(states["c1.1"] == "success" && states["over.1"] == "blocked")
        var kills = 0
        while kills < wanted {
            let deployment = try await SmallDeployment(Self.packages)
            kills += try await disturb(deployment, atMost: wanted - kills, &random)
            // The last programs may have been stopped before they removed what their predecessors left.
            let last = try await start(.run, deployment).end()
            #expect(last.status == 1, "\(last.output)")
            #expect(try deployment.states() == states)
            #expect(try deployment.layersOfCells() == layers)
            #expect(try deployment.timesRecorded().filter { $0.value != 1 } == [:], "no result is recorded twice")
            #expect(try git("fsck", "--strict", at: deployment.store.path, isJoined: true) == "")
            #expect(try deployment.damagedLayers() == [])
            #expect(deployment.leftProcesses(after: 60) == [])
            #expect(try deployment.leftovers() == [])
            #expect(try deployment.dispatchValues() == [], "assignments, reports and workers are gone")
        }
    }

    /// Has two runs and two workers share the work, and kills one after the other until all is done.
    ///
    /// - Returns: how many were killed.
    private func disturb(
        _ deployment: SmallDeployment, atMost limit: Int, _ random: inout SeededGenerator
    ) async throws -> Int {
        let roles: [Role] = [.run, .run, .worker, .worker]
        var programs = try roles.map { try start($0, deployment) }
        var kills = 0
        while kills < limit {
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...1_500, using: &random)))
            // A run that has ended found all jobs done.
            if zip(roles, programs).contains(where: { $0 == .run && !$1.isRunning }) { break }
            let victim = roles.indices.randomElement(using: &random)!
            programs[victim].kill(SIGKILL)
            programs[victim].wait()
            kills += 1
            programs[victim] = try start(roles[victim], deployment)
        }
        for (role, program) in zip(roles, programs) where role == .run {
            let ending = try await program.end()
            #expect(ending.status == 1, "\(ending.output)")
        }
        for (role, program) in zip(roles, programs) where role == .worker {
            program.kill(SIGTERM)
            let ending = try await program.end()
            #expect(ending.status == 130, "\(ending.output)")
        }
        return kills
    }

    /// The job of a worker in a separate process, running when the dispatcher is killed, is adopted by the next
    /// dispatcher.
    @Test func runningWorkIsAdoptedWhenTheDispatcherIsKilled() async throws {
        let mark = "7\(Int.random(in: 10_000..<100_000))"
        let slow = #"depends: "ocaml" build: ["sh" "-c" "sleep \#(mark) || true"]"#
        let deployment = try await SmallDeployment([
            "one.1": slow, "two.1": slow, "over.1": #"depends: ["one" "two"]"#,
        ])
        func sleeping() -> Set<pid_t> { Set(ProcessTable.running("sleep", mark)) }
        func wait(for count: Int, while program: RunningProgram) async throws {
            try await program.wait(until: "\(count) builds") { sleeping().count == count }
            #expect(sleeping().count == count, "\(program.output)")
        }
        let worker = try start(.worker, deployment)
        let first = try start(.run, deployment)
        try await wait(for: 2, while: first)
        first.kill(SIGKILL)
        first.wait()
        // The worker's job continues without a dispatcher.
        try await wait(for: 1, while: worker)
        let adopted = sleeping()
        let second = try start(.run, deployment)
        try await wait(for: 2, while: second)
        #expect(adopted.isSubset(of: sleeping()))
        for process in sleeping() { kill(process, SIGTERM) }
        let ending = try await second.end()
        #expect(ending.status == 0, "\(ending.output)")
        #expect(worker.output.split(separator: "\n").contains { $0.contains("success") }, "\(worker.output)")
        #expect(try deployment.timesRecorded().filter { $0.value != 1 } == [:])
        worker.kill(SIGINT)
        #expect(try await worker.end().status == 130)
        #expect(try deployment.dispatchValues() == [])
    }
}
