import Core
import Model
import Review
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
        let build = String(decoding: try #require(phases[.build]), as: UTF8.self)
        #expect(build.hasPrefix("=== begin build dune-build: dune build -p fmt\n==== begin test forged: x\na line\n"))
        #expect(build.hasSuffix("bytes\n") && !build.contains("failure:"))
        #expect(phases[.test] == nil)
        #expect(LogPhases(of: Array("no structure\n".utf8)).names.isEmpty)
    }

    @Test func aStepThatNeverEndedIsTheRest() throws {
        let whole = log(["one", "two"])
        let text = String(decoding: whole, as: UTF8.self)
        let cut = Array(text[..<text.firstRange(of: "two")!.upperBound].utf8)
        let build = try #require(LogPhases(of: cut)[.build])
        #expect(String(decoding: build, as: UTF8.self).hasSuffix("one\ntwo"))
    }

    @Test func theRegionIsAroundTheReason() throws {
        let lines = (1...40).map { $0 == 20 ? "Error:  unbound \u{1B}[31mmodule\u{1B}[0m Fmt" : "line \($0)" }
        let region = try #require(
            ErrorRegion(in: log(lines), line: nil, reason: "Error: unbound module Fmt\nand more"))
        #expect(region.error == 24)
        #expect(region.lines.map(\.number) == Array(18...33))
        #expect(region.count == 46)
        #expect(region.text.filter { $0.hasPrefix(">") } == ["> 24  Error:  unbound module Fmt"])
    }

    /// The runner repeats the reason at the end, in a line that is not the error.
    @Test func theRunnersWordsAreNotTheError() throws {
        let region = try #require(ErrorRegion(in: log(["boom", "x"], reason: "boom"), line: nil, reason: "boom"))
        #expect(region.error == 5)
    }

    @Test func withoutAReasonItIsTheEnd() throws {
        let region = try #require(
            ErrorRegion(in: log((1...40).map { "line \($0)" }), line: nil, reason: "`make` exited with status 2"))
        #expect(region.error == nil)
        #expect(region.lines.last?.text == "line 40")
        #expect(region.lines.first?.text == "line 25")
    }

    /// Every recorded line of a log of every length, the impossible ones included.
    @Test func aRecordedLineCounts() throws {
        for length in 1...20 {
            let bytes = Array((1...length).map { "line \($0)\n" }.joined().utf8)
            for line in -1...length + 1 {
                let region = try #require(ErrorRegion(in: bytes, line: line, reason: nil))
                #expect(region.error == ((1...length).contains(line) ? line : nil), "\(line) of \(length)")
                #expect(region.lines.allSatisfy { $0.text == "line \($0.number)" }, "\(line) of \(length)")
                #expect(region.error == nil || region.lines.contains { $0.number == line })
            }
        }
        #expect(ErrorRegion(in: [], line: nil, reason: nil) == nil)
    }
}
