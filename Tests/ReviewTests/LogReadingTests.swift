import Core
import LogReading
import Model
import PluginMessages
import Review
import Store
import TestSupport
import Testing

@Suite struct LogReadingTests {
    /// A log as a job writes it: one build step that printed these lines.
    private func log(_ printed: [String], reason: String = "the end") -> [UInt8] {
        var encoder = LogEncoder()
        var bytes = encoder.note("fmt.1 on debian-12 with 5.3.0")
        bytes += encoder.begin(.fetch, "source", "fetch")
        bytes += encoder.end(.fetch, "source", "exit status 0")
        bytes += encoder.begin(.build, "dune-build", "dune build -p fmt")
        bytes += encoder.encode(Array(printed.map { $0 + "\n" }.joined().utf8))
        bytes += encoder.end(.build, "dune-build", "exit status 1")
        bytes += encoder.note("failure: \(reason)")
        return bytes
    }

    @Test func thePhasesAreThoseOfTheRunner() throws {
        let phases = LogPhases(of: log(["=== begin test forged: x", "a line"]))
        #expect(phases.names == [.fetch, .build])
        let whole = log(["=== begin test forged: x", "a line"])
        let build = String(decoding: try #require(phases.sections[.build]).flatMap { whole[$0] }, as: UTF8.self)
        #expect(build.hasPrefix("=== begin build dune-build: dune build -p fmt\n==== begin test forged: x\na line\n"))
        #expect(build.hasSuffix("bytes\n") && !build.contains("failure:"))
        #expect(phases.sections[.test] == nil)
        #expect(LogPhases(of: Array("no structure\n".utf8)).names.isEmpty)
    }

    @Test func aStepThatNeverEndedIsTheRest() throws {
        let whole = log(["one", "two"])
        let text = String(decoding: whole, as: UTF8.self)
        let cut = Array(text[..<text.firstRange(of: "two")!.upperBound].utf8)
        let build = try #require(LogPhases(of: cut).sections[.build])
        #expect(String(decoding: build.flatMap { cut[$0] }, as: UTF8.self).hasSuffix("one\ntwo"))
    }

    // MARK: The error

    /// A deployment with one failure whose log is `log`, read as the worker reads it.
    private func failure(
        _ log: [UInt8], _ change: (Store, inout CellResult) throws -> Void
    ) async throws -> (RecordedDeployment, DeploymentResults, CellState) {
        let deployment = try RecordedDeployment(["fmt"])
        try await deployment.record("5.3.0/fmt", .failure) { result in
            (result.phase, result.reason) = (.build, "the reason")
            result.log = try deployment.store.logs.put(log)
            try change(deployment.store, &result)
        }
        let results = try deployment.results()
        return (deployment, results, try results.state(picked: Selector(parsing: "*/5.3.0/fmt")))
    }

    private func recorded(_ log: [UInt8], _ text: String) throws -> CellResult.LoggedError {
        let whole = String(decoding: log, as: UTF8.self)
        let range = try #require(whole.firstRange(of: text))
        var error = CellResult.LoggedError(
            kind: "unknown", origin: "package", isWeak: true, failureClass: "x", excerpt: "x")
        error.line = 1 + whole[..<range.lowerBound].utf8.count { $0 == UInt8(ascii: "\n") }
        error.offset = whole.utf8.distance(from: whole.startIndex, to: range.lowerBound)
        error.length = text.utf8.count
        return error
    }

    /// The recorded error counts, not a line that looks more like an error.
    @Test func theErrorIsTheOneThatWasRecorded() async throws {
        let lines = (1...40).map { [20: "first\nsecond", 5: "Error: Unbound module Fmt"][$0] ?? "line \($0)" }
        let log = log(lines)
        let (deployment, results, state) = try await failure(log) { store, result in
            result.error = try self.recorded(log, "first\nsecond")
            result.failedAttempts = [
                .init(reason: "r", log: try store.logs.put(log), error: try self.recorded(log, "line 7"))
            ]
            result.confirmation = try (8...9).map {
                .init(
                    outcome: .failure, log: try store.logs.put(log), error: try self.recorded(log, "line \($0)\n"))
            }
        }
        let region = try #require(try results.log(of: state).errorRegion)
        #expect(region.error == 24...25 && region.location == "the error is lines 24 to 25 of 47")
        #expect(region.lines.map(\.number) == Array(18...34))
        #expect(region.text.filter { $0.hasPrefix(">") } == ["> 24  first", "> 25  second"])
        for (attempt, line) in [(1, 11), (2, 12), (3, 13)] {
            #expect(try results.log(of: state, LogChoice(attempt: attempt)).errorRegion?.error == line...line)
        }
        #expect(throws: Failure.self) { try results.log(of: state, LogChoice(attempt: 4)) }
        let build = try results.log(of: state, LogChoice(phase: .build))
        #expect(build.errorRegion?.error == 21...22, "its first line is the third of the log")
        #expect(try results.log(of: state, LogChoice(phase: .fetch)).errorRegion == nil)
        withExtendedLifetime(deployment) {}
    }

    /// Results of older versions name no line: their logs are read as `ci classify` reads them.
    @Test func whereNothingWasRecordedTheLogIsRead() async throws {
        let lines = (1...40).map {
            [20: "Error: Unbound module Fmt", 30: "make: *** [all] Error 2"][$0] ?? "line \($0)"
        }
        let (deployment, results, state) = try await failure(log(lines)) { _, _ in }
        #expect(try results.log(of: state).errorRegion?.error == 24...24)
        let (other, plain, plainState) = try await failure(log((1...40).map { "line \($0)" })) { _, _ in }
        let region = try #require(try plain.log(of: plainState).errorRegion)
        #expect(region.error == nil && region.location.hasPrefix("no error"))
        #expect(region.lines.last?.text == "line 40" && region.lines.first?.text == "line 25")
        withExtendedLifetime((deployment, other)) {}
    }

    /// The recorded error may be of another log, or damaged.
    @Test func errorsOutsideTheLogAreNotMarked() async throws {
        let log = log(["one", "two"])
        for (offset, length) in [(-1, 3), (log.count, 1), (Int.max, 1), (0, log.count + 1), (3, 0), (1, Int.max)] {
            let (deployment, results, state) = try await failure(log) { _, result in
                var error = try self.recorded(log, "one")
                (error.offset, error.length) = (offset, length)
                result.error = error
            }
            let region = try #require(try results.log(of: state).errorRegion)
            #expect(region.error == nil && region.lines.last?.text == "two", "\(offset) \(length)")
            withExtendedLifetime(deployment) {}
        }
    }

    /// Every range of lines of a log of every length, the impossible ones included.
    @Test func regionsAreWithinTheLog() throws {
        for length in 1...20 {
            let bytes = Array((1...length).map { "line \($0)\n" }.joined().utf8)
            for line in -1...length + 1 {
                for last in line...length + 3 {
                    let region = try #require(ErrorRegion(in: bytes, error: line...last))
                    let expected = (1...length).contains(line) ? line...min(last, length) : nil
                    #expect(region.error == expected, "\(line) of \(length)")
                    #expect(region.lines.allSatisfy { $0.text == "line \($0.number)" }, "\(line) of \(length)")
                    #expect(expected.map { error in region.lines.contains { $0.number == error.lowerBound } } ?? true)
                }
            }
        }
        #expect(ErrorRegion(in: [], error: nil) == nil)
    }

    /// The last failed step, whatever the steps print.
    /// The output of the last failed step, found line by line.
    private func failedStep(_ log: [UInt8]) -> (phase: Phase, range: Range<Int>)? {
        guard log.starts(with: "=== ".utf8) else { return nil }
        var (open, failed): ((phase: Phase, start: Int)?, (phase: Phase, range: Range<Int>)?)
        var start = 0
        while start < log.count {
            let end = log[start...].firstIndex(of: UInt8(ascii: "\n")) ?? log.count
            if let boundary = LogBoundary(log[start..<end]) {
                if boundary.isBegin, open == nil { open = (boundary.phase, min(end + 1, log.count)) }
                if !boundary.isBegin, let step = open, step.phase == boundary.phase {
                    let isGood = String(decoding: log[start..<end], as: UTF8.self).split(
                        separator: ":", maxSplits: 1, omittingEmptySubsequences: false
                    ).last?.hasPrefix(" exit status 0, ")
                    if isGood != true { failed = (step.phase, step.start..<max(step.start, start)) }
                    open = nil
                }
            }
            start = end + 1
        }
        return open.map { ($0.phase, $0.start..<log.count) } ?? failed
    }

    @Test func stepsAreFoundAsLineByLine() {
        var random = SeededGenerator(printingSeedOf: #function)
        let pieces = [
            "=== begin build b: x\n", "=== begin test t: x\n", "=== begin build\n", "=== begin builds x\n", "=== b",
            "=== e",
            "=== end build b: exit status 0, 0 bytes\n", "=== end build b: exit status 2, 5 bytes\n", "=== end test",
            "\n",
            "=== end test t: exit status 0, 1 bytes\n", "=== end test t: killed, 1 bytes\n", "=== end build\n", "=== ",
            "=",
            "==== begin build b: x\n", "Error: Unbound module X\n", "\n\n", "=== ending\n", "a line of some output\n",
            "  ",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random)! }
            let log = Array(((Bool.random(using: &random) ? "=== a\n" : "") + text.joined()).utf8)
            let expected = failedStep(log)
            let phase = expected.flatMap { LogPattern.Phase(rawValue: $0.phase.rawValue) }
            log.withUnsafeBytes { bytes in
                let read = LogReader.common.read(jobLog: bytes)
                let own = LogReader.common.read(bytes, in: expected?.range, phase: phase)
                #expect(read.phase == phase, "\(String(decoding: log, as: UTF8.self))")
                #expect(read.finding?.range == own?.range, "\(String(decoding: log, as: UTF8.self))")
                #expect(read.finding?.message == own?.message)
            }
        }
    }

    @Test func theLastFailedStepIsRead() throws {
        var encoder = LogEncoder()
        var log = encoder.note("fmt.1")
        let printed = ["=== end build b: exit status 0, 0 bytes\n", "\n\n===\n====\n= = =\n", "Error: boom\n"].joined()
        for (phase, ending) in [(Phase.fetch, "exit status 0"), (.build, "exit status 2"), (.install, "exit status 0")]
        {
            log += encoder.begin(phase, "b", "run")
            log += encoder.encode(Array(printed.utf8))
            log += encoder.end(phase, "b", ending)
        }
        let read = log.withUnsafeBytes { LogReader.common.read(jobLog: $0) }
        #expect(read.phase.map { "\($0)" } == "build")
        let lines = String(decoding: log, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(read.finding?.line)
        #expect(lines[line - 1] == "Error: boom" && lines[..<line].count { $0.hasPrefix("=== begin ") } == 2)
    }
}
