import Foundation
import Model
import TestSupport
import Testing

/// `ci gate` and `ci retry`: cells that are not known to be good do not pass.
@Suite struct GateCommandTests {
    private struct Document: Decodable {
        struct Entry: Decodable {
            var cell: String
            var state: String
            var before: String?
        }

        var decision: String
        var base: String?
        var required: Int
        var good: Int
        var regressions: [Entry]
        var undecided: [Entry]
        var stillFailing: [Entry]
    }

    private func gate(_ fixture: RecordedStore, _ words: String...) throws -> (status: Int32, document: Document) {
        let ending = try fixture.run(["gate", "--format", "json"] + words)
        return (ending.status, try JSONDecoder().decode(Document.self, from: Data(ending.output.utf8)))
    }

    @Test func exitCodesReflectTheDecision() async throws {
        let fixture = try await RecordedStore.shared()
        for (selectors, status, first) in [
            (["good"], 0, "pass: 1 of 1 required cell good"), (["bad"], 1, "regression: 1 regression, 0 of 1"),
            (["lost"], 1, "regression: 1"), (["top"], 1, "regression: 1"), (["waiting"], 3, "undecided: 1 undecided, "),
            (["good", "waiting"], 3, "undecided: 1 undecided, 1 of 2"),
            (["bad", "waiting"], 1, "regression: 1 regression, 1 undecided, "), ([], 1, "regression: 4 regressions, 1"),
        ] as [([String], Int32, String)] {
            let ending = try fixture.run(["gate"] + selectors)
            #expect(ending.status == status && ending.output.hasPrefix(first), "\(selectors): \(ending)")
        }
        let (status, document) = try gate(fixture)
        #expect(status == 1 && document.decision == "regression" && document.required == 6 && document.good == 1)
        #expect(document.undecided.map(\.cell) == ["debian-12/4.13.1/waiting.dev"])
    }

    @Test func infrastructureIsUndecided() async throws {
        let fixture = try await RecordedStore(["good": .success, "bad": .infrastructure, "top": .cancelled])
        let (status, document) = try gate(fixture, "good", "bad", "top")
        #expect(status == 3 && document.decision == "undecided", "\(document)")
        #expect(document.undecided.map(\.state) == ["infrastructure", "cancelled"])
    }

    @Test func anEmptySelectionIsAMistakeUnlessItIsAllowed() async throws {
        let fixture = try await RecordedStore(["good": .success])
        try fixture.directory.write(
            try #require(fixture.directory.read("matrix.yaml")).replacing(
                "targets: [debian-12]", with: "targets: [{name: debian-12, required: false}]"), to: "matrix.yaml")
        #expect(try fixture.run("plan", "matrix.yaml", "-q").status == 0)
        let refused = try fixture.run("gate")
        #expect(refused.status == 2 && refused.messages.contains("no required cell"), "\(refused)")
        let allowed = try fixture.run("gate", "--allow-empty")
        #expect(allowed.status == 0 && allowed.output == "pass: 0 of 0 required cells good\n", "\(allowed)")
        #expect(try fixture.run("gate", "--allow-empty", "nothing").status == 2, "a selector that fits nothing")
    }

    /// After `ci retry` the old verdict stays, marked, in every command, and decides nothing.
    @Test func aPendingRetryIsShownWithTheOldVerdict() async throws {
        let fixture = try await RecordedStore()
        #expect(try gate(fixture, "good").status == 0)
        #expect(try fixture.run("retry", "good", "bad").status == 0)
        #expect(try fixture.run("results").output.hasPrefix("small: 6 cells, 3 with a pending retry, "))
        #expect(try fixture.run("results", "--all", "good").output.contains("success (retry pending)"))
        #expect(try fixture.run("results", "--all", "bad").output.contains("failure in build (retry pending)"))
        #expect(try fixture.run("results", "bad", "--format", "csv").output.contains(",build,pending\n"))
        #expect(
            try fixture.run("explain", "bad").output.hasPrefix(
                "debian-12/4.13.1/bad.1: failure in build (retry pending)\n"))
        // Cells blocked by the failure are decided again with it.
        #expect(try fixture.run("results", "--all", "top").output.contains("blocked by bad (retry pending)"))
        #expect(try fixture.run("explain", "top").output.hasPrefix("debian-12/4.13.1/top.1: blocked (retry pending)\n"))
        #expect(try fixture.run("status").output.contains("(3 retry pending)"))
        let status = try fixture.run("status", "--format", "json").output
        #expect(status.contains(#""retries" : 3"#), "\(status)")
        #expect(try fixture.run("report", "--output", "site").status == 0)
        let page = try #require(fixture.directory.read("site/packages/bad.html"))
        #expect(page.contains("failure in build (retry pending)"))
        #expect(try fixture.run("log", "bad").status == 0)
        for package in ["good", "bad", "top"] {
            let (status, document) = try gate(fixture, package)
            #expect(status == 3 && document.undecided.count == 1, "\(package): \(document)")
        }
        #expect(try fixture.run("gate", "bad").output.contains("a retry is pending"))
        #expect(try gate(fixture, "tested").status == 1, "the others are as they were")
    }
}
