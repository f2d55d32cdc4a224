import Foundation
import Model
import TestSupport
import Testing

/// Everything that reads results agrees on which failures the matrix accepts.
@Suite struct AcceptanceTests {
    private static let signatures = ["known": "Error: known", "other": "Error: other"]

    /// `known` fails as accepted and blocks `app`, `other` fails in another way, `stale` is good.
    private static let deployment = Task { () -> RunHistory in
        let fixture = try RunHistory(
            [
                "known.1": #"depends: "ocaml""#, "app.1": #"depends: "known""#, "other.1": #"depends: "ocaml""#,
                "stale.1": #"depends: "ocaml""#,
            ], asked: "known, app, other, stale")
        let matrix = fixture.directory.read("matrix.yaml") ?? ""
        try fixture.directory.write(
            """
            \(matrix)
            accept-failures:
              - {cells: "*/*/known", phase: build, signature: "Error: known", reason: until it is ported}
              - {cells: "*/*/other", signature: "Error: known", reason: another one}
              - {cells: "*/*/stale", reason: no longer true}
            """, to: "matrix.yaml")
        let good = ["known": Outcome.success, "app": .success, "other": .success, "stale": .success]
        try await fixture.run(good)
        // New jobs, because the results of those above count as long as they are planned.
        try fixture.commit(
            "change",
            [
                "known.1": #"depends: "ocaml" build: ["false"]"#, "app.1": #"depends: "known" build: ["true"]"#,
                "other.1": #"depends: "ocaml" build: ["false"]"#,
            ])
        try await fixture.run(["known": .failure, "app": .blocked, "other": .failure, "stale": .success]) { result in
            if result.outcome == .blocked { result.blockedBy = PackageVersion(name: "known", version: "1") }
            guard result.outcome == .failure else { return }
            let signature = signatures[result.cell.package.name]
            (result.signature, result.reason) = (signature, signature)
            let execution = CellResult.Execution(outcome: .failure, phase: .build, signature: signature)
            result.confirmation = [execution, execution]
        }
        let report = try fixture.ci("report", "--output", "site")
        guard report.status == 0 else { throw RunHistory.Refused(words: report.messages) }
        return fixture
    }

    private func file(_ name: String) async throws -> String {
        try await #require(Self.deployment.value.directory.read("site/\(name)"))
    }

    private struct Decided: Decodable {
        struct Entry: Decodable { var cell: String }
        var regressions, accepted, stale: [Entry]
    }

    @Test func theGateFailsForOtherFailuresAndForWhatAcceptedOnesBlock() async throws {
        let gate = try await Self.deployment.value.json(Decided.self, ["gate"])
        #expect(gate.regressions.map(\.cell).sorted() == ["debian-12/4.13.1/app.1", "debian-12/4.13.1/other.1"])
        #expect(gate.accepted.map(\.cell) == ["debian-12/4.13.1/known.1"])
        #expect(gate.stale.map(\.cell) == ["debian-12/4.13.1/stale.1"])
    }

    /// A report that CI servers read passes only if the gate does.
    @Test func junitFailsForTheSameCells() async throws {
        let text = try await file("junit.xml")
        let failing = text.components(separatedBy: "<testcase").dropFirst().filter { $0.contains("<failure") }
        #expect(failing.map { $0.contains("name=\"app.1\"") || $0.contains("name=\"other.1\"") } == [true, true])
        #expect(text.contains("<skipped message=\"until it is ported\""), "\(text)")
    }

    @Test func thePageSeparatesThem() async throws {
        let text = try await file("accepted.html")
        let sections = text.components(separatedBy: "<h2").dropFirst()
        let expected = [
            ("Accepted failures", "known"), ("Not the accepted failure", "other"),
            ("Good, although the matrix accepts a failure", "stale"),
        ]
        #expect(sections.count == expected.count)
        for (section, (heading, package)) in zip(sections, expected) {
            #expect(section.contains(heading) && section.contains("packages/\(package).html"), "\(section)")
        }
    }

    @Test func feedsBadgesAndNoticesTellOfOtherFailures() async throws {
        let (known, other) = try await (file("feeds/packages/known.xml"), file("feeds/packages/other.xml"))
        #expect(!known.contains("known.1 fails") && other.contains("other.1 fails"))
        let colours = try await [file("badges/packages/known.svg"), file("badges/packages/other.svg")].map {
            $0.contains("#a03a12")
        }
        #expect(colours == [false, true])
        let notices = try await Self.deployment.value.ci(
            "notify", "--notify-mail", "ann@example.org=*", "--notify-from", "ci@example.org", "--dry-run")
        #expect(notices.status == 0 && notices.output.contains("other.1"), "\(notices)")
        #expect(!notices.output.contains("known.1"), "\(notices)")
    }

    @Test func commandsSayThatItIsNotTheAcceptedFailure() async throws {
        let fixture = try await Self.deployment.value
        for command in ["show", "explain"] {
            let texts = try ["known", "other", "stale"].map { try fixture.ci(command, $0).output }
            #expect(texts[0].contains("accepted: until it is ported\n"), "\(texts[0])")
            #expect(texts[1].contains("accepted: another one (this is not the accepted failure)\n"), "\(texts[1])")
            #expect(texts[2].contains("accepted: no longer true (the cell is good: remove"), "\(texts[2])")
        }
        let page = try await file("cells/debian-12/4.13.1/other.1.html")
        #expect(page.contains("this is not the accepted failure"), "\(page)")
    }
}
