import Glibc
import System
import TestSupport
import Testing

struct SubprocessTests {
    private static let environment = ["PATH": "/usr/bin:/bin", "NAME": "value"]

    private func shell(_ script: String, outputLimit: Int = 1 << 20, timeLimit: Duration? = nil) -> Subprocess {
        Subprocess(
            ["sh", "-c", script], environment: Self.environment, outputLimit: outputLimit, timeLimit: timeLimit)
    }

    @Test func statusOutputAndErrorsAreThoseOfTheProgram() async throws {
        let outcome = try await shell("echo \"$NAME\"; echo wrong >&2; exit 7").run()
        #expect(outcome.ending == .exited(7))
        #expect(!outcome.succeeded)
        #expect(outcome.output == Array("value\n".utf8))
        #expect(outcome.errors == Array("wrong\n".utf8))
        #expect(try await shell("kill -TERM $$").run().ending == .signalled(SIGTERM))
        #expect(try await shell("exit 0").run().succeeded)
    }

    @Test func theInputIsReadToItsEnd() async throws {
        let input = [UInt8](repeating: 7, count: 300_000)
        let program = Subprocess(["cat"], environment: Self.environment, input: input)
        #expect(try await program.run().output == input)
    }

    @Test func aProgramThatIsNotThereIsNamed() async throws {
        let error = await #expect(throws: SystemError.self) {
            try await Subprocess(["no-such-program"], environment: Self.environment).run()
        }
        #expect(error?.code == ENOENT)
        #expect(error?.description.contains("'no-such-program'") == true)
        let directory = await #expect(throws: SystemError.self) {
            try await Subprocess(["/"], environment: Self.environment).run()
        }
        #expect(directory?.code == EACCES)
    }

    @Test func whoPrintsTooMuchIsKilled() async throws {
        let outcome = try await shell("yes", outputLimit: 1000).run()
        #expect(outcome.ending == .outputLimit)
        #expect(outcome.output.count == 1000)
        #expect(try await shell("printf 12345", outputLimit: 5).run().succeeded, "as much as the limit allows")
    }

    @Test func theTimeLimitKillsTheProgramAndItsChildren() async throws {
        let mark = "61.\(UInt32.random(in: 100_000...999_999))"
        let outcome = try await shell("sleep \(mark) & wait", timeLimit: .milliseconds(300)).run()
        #expect(outcome.ending == .timedOut)
        try await waitUntilGone("sleep", mark)
    }

    /// Also those that made themselves a session of their own.
    @Test func cancellingKillsTheWholeTree() async throws {
        let directory = try TemporaryDirectory()
        let mark = "6200.\(UInt32.random(in: 100_000...999_999))"
        let program = shell("setsid sleep \(mark) & touch '\(directory("begun"))'; sleep \(mark)")
        let run = Task { try await program.run() }
        try await waitUntil("both processes run") { ProcessTable.running("sleep", mark).count == 2 }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        try await waitUntilGone("sleep", mark)
    }

    @Test func aProcessDiesWithItsStarterHoweverThatEnds() async throws {
        let mark = "6300.\(UInt32.random(in: 100_000...999_999))"
        let starter = try Program([BuiltProgram.path(of: "system-probe"), "run", "sleep", mark]).start()
        try await waitUntil("the process runs") { !ProcessTable.running("sleep", mark).isEmpty || !starter.isRunning }
        #expect(starter.isRunning)
        starter.kill(SIGKILL)
        starter.wait()
        try await waitUntilGone("sleep", mark)
    }

    /// Killed processes disappear as soon as the kernel has handled the signal.
    private func waitUntilGone(_ words: String...) async throws {
        for _ in 0..<6_000 {
            if ProcessTable.identifiers.allSatisfy({ ProcessTable.words(of: $0) != words }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(words) still runs")
    }
}
