import Core
import Foundation
import FoundationXML
import Model
import Review
import Testing

/// Reports for programs on a small plan with a cell of every state, and an error line that tries to be markup.
@Suite struct ReportTests {
    private static let hostile = "<script>alert('x')</script> & \"\u{1B}[31mError\u{1B}[0m\""
    private let log = Digest(of: "a log")
    private let plan = PlanHeader(
        deployment: "test", repositories: [.init(location: "a <b>", commit: String(repeating: "0", count: 40))],
        targets: [], columns: [], jobs: 0, inputs: nil)

    private func state(_ cell: String, _ outcome: Outcome, change: (inout CellResult) -> Void = { _ in }) throws
        -> CellState
    {
        let cell = try #require(Cell(cell))
        let job = Digest(of: cell.description)
        var result = CellResult(cell: cell, job: job, outcome: outcome, repositories: [])
        change(&result)
        return CellState(
            PlannedCell(
                cell: cell,
                basis: outcome == .unsolvable ? .unsolvable(explanation: "none") : .jobs(build: job, test: nil)),
            result: result)
    }

    private func states() throws -> [CellState] {
        let blocker = PackageVersion(name: "bad", version: "1")
        return try [
            state("debian-12/5.3.0/good.1", .success) { $0.duration = 1.5 },
            state("debian-12/5.3.0/bad.1", .failure) {
                $0.phase = .build
                $0.signature = "error <n>"
                $0.reason = Self.hostile
                $0.log = log
            },
            state("freebsd-14/5.3.0/worse.1", .failure) {
                $0.signature = "error <n>"
                $0.phase = .build
            },
            state("debian-12/4.14.2/bad.1", .infrastructure) { $0.reason = "no space" },
            state("debian-12/5.3.0/waiting.1", .blocked) { $0.blockedBy = blocker },
            state("freebsd-14/5.3.0/never.1", .unsolvable) { $0.reason = "no version" },
            state("debian-12/5.3.0/hello.dev@hvt", .success),
            state("debian-12/5.3.0/hello.dev@spt", .success),
        ]
    }

    private func files() throws -> [String: String] {
        let report = Report(plan: plan, states: try states(), causes: [])
        return ["report.json": try report.jsonDocument(), "junit.xml": report.junitDocument()]
    }

    @Test func nothingOfAPackageIsMarkup() throws {
        for (name, text) in try files() where name != "report.json" {
            #expect(!text.contains("alert('x')</script>"), "\(name)")
            #expect(!text.contains("\u{1B}"), "\(name)")
        }
    }

    /// A strict parser reads it; its counts are those of the cases below them.
    @Test func junitIsWellFormedAndAddsUp() throws {
        let text = try #require(try files()["junit.xml"])
        let reader = JUnitReader()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        // Backends have suites, as they have columns in tables.
        #expect(
            reader.suites.map { $0.attributes["name"] } == [
                "debian-12/4.14.2", "debian-12/5.3.0", "debian-12/5.3.0@hvt", "debian-12/5.3.0@spt", "freebsd-14/5.3.0",
            ])
        #expect(text.contains("<testcase classname=\"debian-12/5.3.0@spt\" name=\"hello.dev\""), "\(text)")
        for suite in reader.suites {
            for (attribute, element) in [
                ("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"),
            ] {
                #expect(suite.attributes[attribute] == "\(suite.counts[element] ?? 0)", "\(attribute) of \(suite)")
            }
        }
        #expect(reader.suites.compactMap { $0.counts["failure"] }.reduce(0, +) == 2)
        #expect(reader.suites.compactMap { $0.counts["error"] }.reduce(0, +) == 1)
    }

    /// If the failure itself is not in the report, because its job decides no cell or the cell was not picked, the
    /// cells that it blocks are: a report in which they were only skipped would pass.
    @Test func blockedCellsFailUnlessTheFailureIsReported() throws {
        let input = PackageVersion(name: "dune", version: "3.0")
        let blocked = try state("debian-12/5.3.0/waiting.2", .blocked) { $0.blockedBy = input }
        var accepted = try state("debian-12/5.3.0/waiting.3", .blocked) { $0.blockedBy = input }
        accepted.accepted = "known"
        let elsewhere = try state("freebsd-14/5.3.0/dune.3.0", .failure)
        for (others, expected) in try [
            ([accepted], 1), ([accepted, elsewhere], 2), ([state("debian-12/5.3.0/dune.3.0", .failure)], 1),
        ] {
            let text = Report(plan: plan, states: others + [blocked], causes: []).junitDocument()
            #expect(text.components(separatedBy: "<failure").count - 1 == expected, "\(text)")
        }
        let own = try state("debian-12/5.3.0/dune.3.0", .failure)
        let text = Report(plan: plan, states: [own, blocked], causes: []).junitDocument()
        #expect(text.contains("<skipped"), "\(text)")
    }

    /// The order of the results makes no difference.
    @Test func equalResultsGiveEqualFiles() throws {
        let once = Report(plan: plan, states: try states(), causes: [])
        let again = Report(plan: plan, states: try states().reversed(), causes: [])
        #expect(try once.jsonDocument() == again.jsonDocument())
        #expect(once.junitDocument() == again.junitDocument())
    }
}

private final class JUnitReader: NSObject, XMLParserDelegate {
    var suites: [(attributes: [String: String], counts: [String: Int])] = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        if name == "testsuite" {
            suites.append((attributes, [:]))
        } else if !suites.isEmpty {
            suites[suites.count - 1].counts[name, default: 0] += 1
        }
    }
}
