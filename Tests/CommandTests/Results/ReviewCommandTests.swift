import Foundation
import TestSupport
import Testing

/// From a summary to the summarized cells, one word at a time.
@Suite struct ReviewCommandTests {
    private struct Summary: Decodable {
        struct Column: Decodable {
            var target: String
            var compiler: String
            var cells: [String: Int]
        }
        var bad: Int
        var columns: [Column]
        var causes: [Cause]
    }

    private struct Cause: Decodable {
        var id: String
        var kind: String
        var packages: [String]
        var cells: [String]
        var blocks: [String]
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ output: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }

    @Test func aSummaryIsShortAndItsCausesCanBeShown() async throws {
        let fixture = try await RecordedStore.shared()
        let results = try fixture.run("results")
        let lines = results.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(results.status == 1 && lines.count <= 24 && lines.allSatisfy { $0.count <= 80 }, "\(results.output)")
        let causes = try decode([Cause].self, fixture.run("show", "causes", "--format", "json").output)
        #expect(
            causes.flatMap { $0.cells + $0.blocks }.sorted().map { $0.split(separator: "/")[2] } == [
                "bad.1", "lost.1", "tested.1", "top.1",
            ])
        let worst = try #require(causes.first)
        #expect(worst.packages == ["bad"] && worst.blocks == ["debian-12/4.13.1/top.1"])
        for cause in causes {
            #expect(results.output.contains("  \(cause.id)  "), "\(results.output)")
            let shown = try fixture.run("show", cause.id)
            #expect(shown.status == 0 && shown.output.hasPrefix("cause \(cause.id): "), "\(shown)")
            #expect(shown.output.split(separator: "\n").count <= 24)
            #expect(try fixture.run("show", String(cause.id.prefix(6))).output == shown.output)
        }
        for line in results.output.split(separator: "\n") where line.contains("ci ") {
            let words = line.split(separator: " ").drop { $0 != "ci" }.dropFirst().prefix(2).map(String.init)
            #expect(try fixture.run(words).status <= 1, "\(line)")
        }
    }

    @Test func aWordLeadsFromAPackageToItsHistory() async throws {
        let fixture = try await RecordedStore.shared()
        let summary = try decode(Summary.self, fixture.run("show", "debian-12", "--format", "json").output)
        #expect(summary.columns.map(\.target) == ["debian-12"] && summary.bad == 4)
        #expect(summary.columns[0].cells.values.reduce(0, +) == 6)
        let cell = try fixture.run("show", "debian-12/4.13.1/bad.1")
        #expect(cell.output.contains("history: 1 result") && cell.output.contains("cause: "), "\(cell)")
        #expect(try fixture.run("show", "bad").output == cell.output, "one cell")
        #expect(try fixture.run("show", "outcome:failure").output.contains("2 causes of 2 bad cells"))
        #expect(try fixture.run("show", "waiting").output.contains("pending"))
        for word in ["nothing", "0000beef", "outcome:cancelled", "debian-13/4.13.1"] {
            let ending = try fixture.run("show", word)
            #expect(ending.status == 2 && ending.output.isEmpty, "\(word): \(ending)")
        }
    }

    @Test(arguments: [
        (["outcome:failure"], ["bad", "tested"]), (["outcome:fail*", "outcome:blocked"], ["bad", "tested", "top"]),
        (["*/4.13.1/*", "outcome:success"], ["good"]),
        (["!outcome:success", "!outcome:pending"], ["bad", "lost", "tested", "top"]),
        (["grep:build of bad"], ["bad"]), (["grep:test*tested", "!bad"], ["tested"]),
        (["since:2000-01-01", "!good"], ["bad", "lost", "tested", "top"]),
        (["change:new", "outcome:failure", "!tested"], ["bad"]),
    ])
    func selectorsPickTogether(selectors: [String], packages: [String]) async throws {
        struct State: Decodable { var cell: String }
        let fixture = try await RecordedStore.shared()
        let ending = try fixture.run(["results", "--format", "json"] + selectors)
        let cells = try decode([State].self, ending.output).map(\.cell)
        #expect(cells == packages.map { "debian-12/4.13.1/\($0).1" }, "\(ending.messages)")
    }

    @Test(arguments: [
        (["grep:nowhere to be found"], "no cell matches"), (["good", "outcome:failure"], "no cell matches all of"),
        (["change:borken"], "change:broken"), (["since:yesterday"], "since:2026-11-29"),
        (["since:2999-01-01"], "no cell"),
        (["!nothing"], "the plan has no package 'nothing'"), (["change:fixed"], "the changes of the cells are"),
    ])
    func selectorsThatPickNothingAreMistakes(selectors: [String], message: String) async throws {
        let fixture = try await RecordedStore.shared()
        for command in [["results"], ["report", "--output", "site"], ["cancel"], ["run", "--only"]]
        where command[0] != "run" || selectors.count == 1 {
            let ending = try fixture.run(command + selectors)
            #expect(ending.status == 2 && ending.messages.contains(message), "\(command): \(ending)")
        }
    }

    @Test func missingObjectsOfACloneAreReportedWithTheirOrigin() async throws {
        let fixture = try await RecordedStore.shared()
        let directory = try TemporaryDirectory()
        try Program(["git", "clone", "-q", fixture.path, directory("clone")]).output()
        let here = try fixture.run("results", "--all")
        let there = try fixture.run(["results", "--all"], environment: ["CISO_STORE": directory("clone")])
        #expect(there.status == here.status && there.output == here.output, "\(there.messages)")
        let grep = try fixture.run(["results", "grep:line"], environment: ["CISO_STORE": directory("clone")])
        #expect(grep.status == 2 && grep.messages.contains("plain clone"), "\(grep)")
        #expect(grep.messages.contains(fixture.path), "\(grep)")
    }
}
