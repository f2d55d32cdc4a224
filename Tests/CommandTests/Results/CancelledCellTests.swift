import Foundation
import TestSupport
import Testing

/// Every command shows a cancelled cell as cancelled, whatever was planned for it.
@Suite struct CancelledCellTests {
    private struct State: Decodable {
        var state: String
    }

    private struct Report: Decodable {
        var cells: [State]
    }

    @Test func everyCommandSaysTheSame() async throws {
        let fixture = try await RecordedStore([:])
        // One that would be built, one whose tests decide, one that has no solution.
        let cells = ["waiting", "tested", "lost"]
        func states() throws -> [String] {
            let json = Data(try fixture.run(["results", "--format", "json"] + cells).output.utf8)
            return try JSONDecoder().decode([State].self, from: json).map(\.state)
        }
        #expect(try fixture.run(["cancel"] + cells).status == 0)
        #expect(try states() == ["cancelled", "cancelled", "cancelled"])
        #expect(try fixture.run("results", "--all", "outcome:cancelled").output.hasPrefix("debian-12: 3 cancelled\n"))
        #expect(try fixture.run("status", "--format", "csv").output.contains("small,debian-12,cancelled,3\n"))
        for cell in cells { #expect(try fixture.run("explain", cell).output.contains(": cancelled\n"), "\(cell)") }
        #expect(try fixture.run(["report", "--output", "site"] + cells).status == 0)
        let report = Data(try #require(fixture.directory.read("site/report.json")).utf8)
        #expect(try JSONDecoder().decode(Report.self, from: report).cells.map(\.state) == states())
        #expect(try fixture.run("run", "--only", "lost").status == 1)
        #expect(try states() == ["cancelled", "cancelled", "cancelled"], "a run leaves them alone")
        #expect(try fixture.run(["retry"] + cells).status == 0)
        #expect(try states() == ["unsolvable", "pending", "pending"], "lost has no solution, whatever is recorded")
    }
}
