import Core
import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

/// `ci log`: parts of logs, the terminal, and logs that grow.
@Suite struct LogCommandTests {
    /// A cell whose job needed two attempts, and whose log has phases.
    private struct Fixture {
        let recorded: RecordedStore
        let store: Store
        let job: Digest
        let cell: Cell

        init() async throws {
            recorded = try await RecordedStore([:])
            store = try Store(opening: recorded.path)
            let planned = try #require(
                try PlanStore(store).documents("small").cells().first { $0.cell.package.name == "bad" })
            guard case .jobs(let build, _) = planned.basis else { throw CocoaError(.coderInvalidValue) }
            (job, cell) = (build, planned.cell)
        }

        func record(_ outcome: Outcome, log: [UInt8], _ change: (inout CellResult) throws -> Void = { _ in })
            async throws
        {
            var result = CellResult(cell: cell, job: job, outcome: outcome, repositories: ["0123"])
            result.log = try store.logs.put(log)
            result.execution = CellResult.execution(
                endedAt: Date().timeIntervalSince1970, named: .random(in: .min ... .max))
            try change(&result)
            let final = result
            let branch = ResultBranch(deployment: "small", target: "debian-12")
            try await store.transact(Branch(branch.name), final.message) {
                try branch.write(final, at: ResultPath.cell(final.cell), in: $0)
            }
        }

        /// Runs `ci` on a terminal.
        func onTerminal(_ words: String, pager: String?) throws -> Program.Ending {
            var environment = [
                "CISO_STORE": recorded.path, "PATH": "/usr/bin:/bin", "HOME": recorded.directory.path, "TERM": "xterm",
                "CI": try BuiltProgram.path(of: "ci"), "LANG": "C.UTF-8",
            ]
            environment["PAGER"] = pager
            return try Program(
                ["script", "-qec", "\"$CI\" \(words)", "/dev/null"], in: recorded.directory.path,
                environment: environment
            ).run()
        }

        /// A log with phases.
        static func log(_ name: String, lines: Int = 60) -> [UInt8] {
            var encoder = LogEncoder()
            var bytes = encoder.note("bad.1 on debian-12 with 4.13.1, \(name)")
            bytes += encoder.begin(.build, "make", "make")
            let printed = (1...lines).map { $0 == 30 ? "error: no such thing \(RecordedStore.hostile)" : "line \($0)" }
            bytes += encoder.encode(Array(printed.map { $0 + "\n" }.joined().utf8))
            bytes += encoder.end(.build, "make", "exit status 2")
            bytes += encoder.begin(.install, "install", "make install")
            return bytes + encoder.end(.install, "install", "exit status 0")
        }

        func recordFailure(lines: Int = 60) async throws {
            let first = try store.logs.put(Self.log("first"))
            try await record(.failure, log: Self.log("second", lines: lines)) { result in
                result.phase = .build
                result.reason = "error: no such thing \(RecordedStore.hostile)"
                result.attempts = 2
                result.failedAttempts = [.init(reason: "the disk is full", log: first)]
            }
        }
    }

    @Test func partsOfALogAreChosen() async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure()
        let whole = try fixture.recorded.run("log", "bad")
        #expect(whole.status == 0 && whole.output.hasPrefix("=== bad.1 on debian-12 with 4.13.1, second\n"))
        #expect(whole.output == String(decoding: Fixture.log("second"), as: UTF8.self).displayable)
        let install = try fixture.recorded.run("log", "bad", "--phase", "install")
        #expect(
            install.output
                == "=== begin install install: make install\n=== end install install: exit status 0, 0 bytes\n")
        let first = try fixture.recorded.run("log", "bad", "--attempt", "1")
        #expect(first.output == whole.output.replacing("second", with: "first"))
        #expect(first.messages.contains("attempt 1 of 2"), "\(first.messages)")
        #expect(try fixture.recorded.run("log", "bad", "--attempt", "2").output == whole.output)
        for (words, status, message) in [
            (["--phase", "test"], 2, "no phase 'test'"), (["--phase", "test"], 2, "it has build, install"),
            (["--phase", "nonsense"], 64, "nonsense"), (["--attempt", "3"], 2, "it has 2 attempts"),
            (["--attempt", "0"], 64, "expected a number from 1"), (["--follow", "--phase", "build"], 64, "--follow"),
        ] as [([String], Int32, String)] {
            let ending = try fixture.recorded.run(["log", "bad"] + words)
            #expect(ending.status == status && ending.messages.contains(message), "\(words): \(ending)")
            #expect(ending.output.isEmpty, "\(words)")
        }
    }

    @Test func onATerminalTheErrorIsShownFirstInAPager() async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure()
        let ending = try fixture.onTerminal("log bad", pager: "cat >shown")
        #expect(ending.status == 0, "\(ending)")
        let shown = try #require(fixture.recorded.directory.read("shown"))
        #expect(
            shown.hasPrefix("debian-12/4.13.1/bad.1: failure in build\nthe error is line 32 of 65:\n\n"), "\(shown)")
        #expect(shown.contains("\n> 32  error: no such thing ^[]0;title^G"), "\(shown)")
        let whole = try fixture.recorded.run("log", "bad").output
        #expect(shown.hasSuffix("the whole log:\n\n" + whole))
        #expect(shown.displayable == shown)
    }

    @Test(arguments: ["", "cat", "no-such-pager-anywhere"])
    func withoutAPagerItIsPrinted(pager: String) async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure()
        let output = try fixture.onTerminal("log bad", pager: pager).output.replacing("\r\n", with: "\n")
        #expect(output.contains("debian-12/4.13.1/bad.1: failure in build\nthe error is line 32 of 65:\n"), "\(output)")
        #expect(output.contains("the whole log:\n\n=== bad.1 on"), "\(output)")
        #expect(output.displayable == output)
        let plain = try fixture.onTerminal("log --no-pager bad", pager: "cat >shown").output
        #expect(plain.contains("the whole log:") && fixture.recorded.directory.read("shown") == nil)
    }

    /// A pager that is closed early ends the command without a message; so does less, which is the default.
    @Test func aPagerQuitsQuietly() async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure(lines: 200_000)
        let ending = try fixture.onTerminal("log bad", pager: "head -n 1")
        #expect(ending.status == 0)
        #expect(
            ending.output.replacing("\r\n", with: "\n") == "debian-12/4.13.1/bad.1: failure in build\n", "\(ending)")
        #expect(try fixture.onTerminal("log bad", pager: "exit 3").status == 0)
    }

    @Test func rawIsRawOnATerminalToo() async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure()
        let output = try fixture.onTerminal("log --raw bad", pager: "cat >shown").output
        #expect(output.contains("\u{1B}]0;title\u{07}"))
        #expect(fixture.recorded.directory.read("shown") == nil)
    }

    // MARK: Following

    private func follow(_ fixture: Fixture) throws -> RunningProgram {
        try Program(
            [BuiltProgram.path(of: "ci"), "log", "--follow", "bad"], in: fixture.recorded.directory.path,
            environment: ["CISO_STORE": fixture.recorded.path, "PATH": "/usr/bin:/bin"]
        ).start()
    }

    /// From before the job begins, through a failed attempt, to the result; no line is missing or repeated.
    @Test func aLogIsFollowedThroughAllAttempts() async throws {
        let fixture = try await Fixture()
        let program = try follow(fixture)
        defer { program.kill(SIGKILL) }
        try await waitUntil("it waits") { program.messages.contains("waiting for the job of debian-12/4.13.1/bad.1") }
        let first = try fixture.store.logs.begin("\(fixture.job).first")
        try first.append(Array("one \u{1B}[3".utf8))
        try first.append(Array("1mred\u{1B}[0m ".utf8) + [0xE2, 0x80])
        try await waitUntil("it is shown") { program.output.contains("one red ") }
        try first.append([0xAE] + Array("\nlast of the first\n".utf8))
        _ = try first.seal()
        try await waitUntil("the end of the first attempt is shown") { program.output.contains("last of the first\n") }
        let second = try fixture.store.logs.begin("\(fixture.job).second")
        try second.append(Array("two\n".utf8))
        try await waitUntil("the second attempt is shown") { program.output.contains("two\n") }
        try second.append(Array("no end of line".utf8))
        let digest = try second.seal()
        #expect(program.isRunning, "a job ends with its result, not with its log")
        let log = try #require(try fixture.store.logs.read(digest))
        try await fixture.record(.failure, log: log)
        let ending = try await program.end()
        #expect(ending.status == 0, "\(ending)")
        #expect(ending.output == "one red <U+202E>\nlast of the first\ntwo\nno end of line", "\(ending.output)")
    }

    @Test func anAttemptWhoseProcessDiedIsFollowedByTheNext() async throws {
        let fixture = try await Fixture()
        // The lock of a dead process is free: no process has the file open.
        let path = try fixture.store.logs.begin("\(fixture.job).first").path
        let program = try follow(fixture)
        defer { program.kill(SIGKILL) }
        try await waitUntil("the log without a writer is gone") { !FileManager.default.fileExists(atPath: path) }
        let second = try fixture.store.logs.begin("\(fixture.job).second")
        try second.append(Array("two\n".utf8))
        try await waitUntil("the second attempt is shown") { program.output.contains("two\n") }
        let digest = try second.seal()
        try await fixture.record(.success, log: try #require(try fixture.store.logs.read(digest)))
        let ending = try await program.end()
        #expect(ending.status == 0 && ending.output == "two\n", "\(ending)")
    }

    @Test func finishedJobsArePrintedImmediately() async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure()
        let (ending, whole) = (
            try fixture.recorded.run("log", "--follow", "bad"), try fixture.recorded.run("log", "bad")
        )
        #expect(ending.status == 0 && ending.output == whole.output, "\(ending)")
        #expect(try fixture.recorded.run("log", "--follow", "lost").status == 2)
        #expect(try fixture.recorded.run("log", "--follow", "nothing").status == 2)
    }

    @Test func aReaderThatHasSeenEnoughEndsIt() async throws {
        let fixture = try await Fixture()
        let running = try fixture.store.logs.begin("\(fixture.job).first")
        try running.append(Array("one\n".utf8))
        let ending = try fixture.recorded.shell(#""$@" | head -n 1"#, ["log", "--follow", "bad"])
        #expect(ending.status == 0 && ending.output == "one\n", "\(ending)")
        running.discard()
    }

    /// After a retry the old log stays, and following waits for the new one.
    @Test func retriedJobsAreFollowedAgain() async throws {
        let fixture = try await Fixture()
        try await fixture.recordFailure()
        #expect(try fixture.recorded.run("retry", "bad").status == 0)
        let old = try fixture.recorded.run("log", "bad")
        #expect(old.output.contains("second") && old.messages.contains("run again"), "\(old.messages)")
        let program = try follow(fixture)
        defer { program.kill(SIGKILL) }
        try await waitUntil("it waits") { program.messages.contains("waiting") }
        try await fixture.record(.success, log: Array("new\n".utf8))
        let ending = try await program.end()
        #expect(ending.status == 0 && ending.output == "new\n", "\(ending)")
    }
}
