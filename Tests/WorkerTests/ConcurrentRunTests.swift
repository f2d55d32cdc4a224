import Foundation
import Glibc
import TestSupport
import Testing

/// Several `ci run` on one store, and runs that are interrupted, with real builds in sandboxes.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct ConcurrentRunTests {
    /// A run of the stored plan whose progress is among its output.
    private func start(_ deployment: SmallDeployment) throws -> RunningProgram {
        var program = try deployment.ci(["run", "--jobs", "2"])
        program.isJoined = true
        return try program.start()
    }

    private func wait(for text: String, in run: RunningProgram) async throws {
        try await run.wait(until: text) { run.output.contains(text) }
        #expect(run.output.contains(text), "\(run.output)")
    }

    @Test func twoRunsShareTheJobs() async throws {
        let packages = (1...6).map { number in
            let over = number > 3 ? "\"p\(number - 3)\"" : "\"ocaml\""
            return ("p\(number).1", "depends: \(over) build: [\"sleep\" \"0.3\"]")
        }
        let deployment = try await SmallDeployment(
            Dictionary(uniqueKeysWithValues: packages + [("bad.1", #"depends: "ocaml" build: ["false"]"#)]))
        let runs = try [start(deployment), start(deployment)]
        let endings = try await [runs[0].end(), runs[1].end()]
        for ending in endings { #expect(ending.status == 1, "\(ending.output)") }
        let own = endings.flatMap { $0.output.split(separator: "\n") }.filter {
            $0.hasPrefix("[") && !$0.contains("by another run") && !$0.contains("already recorded")
        }
        #expect(own.count == 9, "each of nine jobs is executed by one of them: \(own)")
        #expect(try deployment.timesRecorded().filter { $0.value != 1 } == [:])
        #expect(try deployment.states().filter { $0.value != "success" } == ["bad.1": "failure"])
        #expect(try deployment.leftovers() == [])
    }

    @Test func remainsOfAKilledRunAreTakenOver() async throws {
        let mark = "7\(Int.random(in: 10_000..<100_000))"
        let deployment = try await SmallDeployment([
            "slow.1": #"depends: "ocaml" build: ["sh" "-c" "sleep \#(mark)"]"#,
            "over.1": #"depends: "slow""#,
        ])
        let first = try start(deployment)
        try await first.wait(until: "the build") { !ProcessTable.running("sleep", mark).isEmpty }
        let second = try start(deployment)
        try await wait(for: "runs this deployment: joining it", in: second)
        // Those of the first run may live a little longer than it.
        let ofFirst = ProcessTable.running("sleep", mark)
        first.kill(SIGKILL)
        first.wait()
        var ofSecond: [pid_t] = []
        try await second.wait(until: "its build") {
            ofSecond = ProcessTable.running("sleep", mark).filter { !ofFirst.contains($0) }
            return !ofSecond.isEmpty
        }
        #expect(second.isRunning, "it builds the package itself: \(second.output)")
        for process in ofSecond { kill(process, SIGTERM) }
        let ending = try await second.end()
        #expect(ending.output.contains("/slow.1: failure in build"), "\(ending.output)")
        #expect(try deployment.states()["over.1"] == "blocked")
    }

    @Test(arguments: [[SIGINT, SIGINT], [SIGTERM], [SIGHUP], [SIGINT, SIGTERM], [SIGINT, SIGHUP]])
    func aStoppedRunEndsAndReturnsItsJobs(signals: [Int32]) async throws {
        let mark = "7\(Int.random(in: 10_000..<100_000))"
        let deployment = try await SmallDeployment([
            "slow.1": #"depends: "ocaml" build: ["sh" "-c" "sleep \#(mark) & sleep \#(mark)"]"#,
            "over.1": #"depends: "slow""#,
        ])
        let run = try start(deployment)
        try await run.wait(until: "two builds") { ProcessTable.running("sleep", mark).count == 2 }
        for signal in signals.dropLast() {
            run.kill(signal)
            try await wait(for: "draining: ", in: run)
        }
        #expect(run.isRunning && ProcessTable.running("sleep", mark).count == 2, "\(run.output)")
        run.kill(signals[signals.count - 1])
        let ending = try await run.end()
        #expect(ending.status == 130, "\(ending.output)")
        #expect(ending.output.contains("stopping: "), "\(ending.output)")
        #expect(!ending.output.contains("cancelled"), "\(ending.output)")
        #expect(deployment.leftProcesses(after: 60) == [])
        #expect(ProcessTable.running("sleep", mark) == [])
        #expect(
            try deployment.states() == [
                "ocaml.4.13.1": "success", "ocaml-system.4.13.1": "success", "slow.1": "pending", "over.1": "pending",
            ])
    }

    /// A run of `packages` that is draining: it was interrupted while `slow.1` ran, which was then allowed to finish.
    private func drainingRun(_ packages: [String: String]) async throws -> (run: RunningProgram, of: SmallDeployment) {
        let mark = "7\(Int.random(in: 10_000..<100_000))"
        let slow = ["slow.1": #"depends: "ocaml" build: ["sh" "-c" "sleep \#(mark) || true"]"#]
        let deployment = try await SmallDeployment(packages.merging(slow) { $1 })
        let run = try start(deployment)
        try await run.wait(until: "the build") { !ProcessTable.running("sleep", mark).isEmpty }
        run.kill(SIGINT)
        try await wait(for: "draining: ", in: run)
        for process in ProcessTable.running("sleep", mark) { kill(process, SIGTERM) }
        return (run, deployment)
    }

    @Test func theFirstInterruptLetsRunningJobsFinish() async throws {
        let (run, deployment) = try await drainingRun(["over.1": #"depends: "slow""#])
        let ending = try await run.end()
        #expect(ending.status == 130, "\(ending.output)")
        #expect(ending.output.contains("/slow.1: success"), "\(ending.output)")
        #expect(!ending.output.contains("stopping"), "\(ending.output)")
        let compiler = ["ocaml.4.13.1": "success", "ocaml-system.4.13.1": "success"]
        #expect(try deployment.states() == compiler.merging(["slow.1": "success", "over.1": "pending"]) { $1 })
        #expect(try deployment.leftovers() == [])
        let second = try await start(deployment).end()
        #expect(second.status == 0, "\(second.output)")
        #expect(try deployment.timesRecorded().filter { $0.value != 1 } == [:], "nothing done is repeated")
    }

    @Test func aDrainedRunThatHasNothingLeftEndsAsAlways() async throws {
        let (run, deployment) = try await drainingRun([:])
        let ending = try await run.end()
        #expect(ending.status == 0, "\(ending.output)")
        #expect(try deployment.states().values.allSatisfy { $0 == "success" })
    }

    @Test func aRetryRunsTheFailedBuildAgainAndTheProgressAddsUp() async throws {
        let deployment = try await SmallDeployment([
            "bad.1": #"depends: "ocaml" build: ["false"]"#, "one.1": #"depends: "bad""#, "two.1": #"depends: "one""#,
        ])
        let first = try start(deployment)
        let output = try await first.end().output
        #expect(output.contains("2 jobs blocked by bad.1"), "\(output)")
        let counted = output.split(separator: "\n").filter { $0.hasPrefix("[") }
        #expect(counted.last?.hasPrefix("[5/5]") == true, "\(output)")

        let retried = try deployment.ci(["retry", "two"]).output()
        #expect(retried.hasSuffix("/bad.1\n") && retried.split(separator: "\n").count == 1, "\(retried)")
        #expect(try deployment.states()["bad.1"] == "failure", "the old verdict is visible")
        let json = try deployment.ci(["results", "bad", "--format", "json"]).run().output
        #expect(json.contains("\"retry\" : true"), "\(json)")
        let log = try git("log", "--format=%s", "retries/small", at: deployment.store.path)
        #expect(log == "Retry 1 job")
        let second = try await start(deployment).end().output
        #expect(second.contains("3 jobs to run"), "\(second)")
        #expect(try deployment.timesRecorded().filter { $0.key.contains("/bad/") }.values.reduce(0, +) == 2)
        let third = try await start(deployment).end().output
        #expect(third.contains("0 jobs to run"), "\(third)")
        #expect(third.contains("2 cells blocked by bad.1"), "\(third)")
    }
}
