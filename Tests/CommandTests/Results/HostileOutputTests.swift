import Core
import Foundation
import TestSupport
import Testing

/// The output of a build is shown, and has no effect on the terminal or on a parser.
@Suite struct HostileOutputTests {
    /// The text contains no sequence that affects a terminal.
    private func expectHarmless(_ text: String, _ what: String) {
        #expect(text.displayable == text, "\(what): \(text.displayable.prefix(2000))")
    }

    @Test func noCommandPassesItOn() async throws {
        let fixture = try await RecordedStore.shared()
        for command in [
            ["results"], ["results", "--all"], ["results", "--format", "csv"], ["results", "--format", "json"],
            ["explain", "bad"],
            ["explain", "--format", "json", "bad"], ["log", "bad"], ["log", "tested"], ["log", "top"],
            ["diff", "debian-12", "results/small/debian-12~3"], ["status"],
            ["store", "log", "results/small/debian-12"],
            ["store", "show", "results/small/debian-12", "4.13.1/bad/1.json"],
            ["results", RecordedStore.hostile],
            ["log", RecordedStore.hostile], ["plan", RecordedStore.hostile], [RecordedStore.hostile],
            ["results", "--format", RecordedStore.hostile], ["results", "outcome:\(RecordedStore.hostile)"],
        ] {
            let ending = try fixture.run(command)
            #expect([0, 1, 2, 64].contains(ending.status), "\(command): \(ending.messages)")
            expectHarmless(ending.output, "\(command)")
            expectHarmless(ending.messages, "\(command)")
        }
    }

    @Test func itIsVisibleAndInJSONTheSame() async throws {
        let fixture = try await RecordedStore.shared()
        #expect(try fixture.run("results", "--all").output.contains("^[]0;title^G<U+009B>31m<U+202E>drowssap<U+2066>"))
        struct State: Decodable {
            var reason: String?
        }
        let json = try fixture.run("results", "--format", "json", "bad").output
        let reason = try JSONDecoder().decode([State].self, from: Data(json.utf8)).first?.reason
        #expect(reason?.hasPrefix("error: \(RecordedStore.hostile)") == true)
    }

    @Test func rawLogsAreTheBytesOfTheBuild() async throws {
        let fixture = try await RecordedStore.shared()
        let ending = try fixture.shell(#""$@" >raw"#, ["log", "--raw", "bad"])
        #expect(ending.status == 0)
        let bytes = try Data(contentsOf: fixture.directory.url.appending(path: "raw"))
        #expect(bytes.suffix(2) == Data([0x9B, 0xFF]))
        #expect(String(decoding: bytes, as: UTF8.self).contains(RecordedStore.hostile))
    }

    @Test func aReasonForgesNoTrailer() async throws {
        let fixture = try await RecordedStore.shared()
        for commit in try git("rev-list", "results/small/debian-12", at: fixture.path).split(separator: "\n") {
            let message = try git("log", "-1", "--format=%B", String(commit), at: fixture.path)
            expectHarmless(message, "\(commit)")
            #expect(message.split(separator: "\n").count { $0.hasPrefix("Outcome:") } == 1, "\(message)")
            #expect(message.split(separator: "\n").count { $0.hasPrefix("Cell:") } == 1, "\(message)")
            try fixture.directory.write(message, to: "message")
            let parsed = try fixture.directory.shell("git interpret-trailers --parse message").split(separator: "\n")
            #expect(parsed.filter { $0.hasPrefix("Outcome:") || $0.hasPrefix("Cell:") }.count == 2, "\(parsed)")
        }
    }

    @Test func noFileOfAReportPassesItOn() async throws {
        let fixture = try await RecordedStore.shared()
        #expect(try fixture.run("report", "--output", "site").status == 0)
        let files = try fixture.directory.files(below: "site")
        #expect(files.count >= 5, "\(files)")
        for file in files { expectHarmless(try #require(fixture.directory.read("site/\(file)")), file) }
    }

    @Test func theMarkBelowALineOfYAMLHasTheRightColumn() throws {
        let directory = try TemporaryDirectory()
        try directory.write("deployment: \"a\u{202E}\u{2066}b\" colour\n", to: "m.yaml")
        let ending = try Program([BuiltProgram.path(of: "ci"), "plan", "m.yaml"], in: directory.path).run()
        #expect(ending.status == 2)
        expectHarmless(ending.messages, "the diagnostic")
        let lines = ending.messages.split(separator: "\n")
        let excerpt = try #require(lines.firstIndex { $0.contains("colour") })
        let column = lines[excerpt].distance(
            from: lines[excerpt].startIndex, to: try #require(lines[excerpt].range(of: "colour")).lowerBound)
        #expect(lines[excerpt + 1].count == column + 1 && lines[excerpt + 1].hasSuffix("^"), "\(ending.messages)")
    }
}
