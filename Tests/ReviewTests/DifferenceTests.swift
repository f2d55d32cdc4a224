import Model
import Review
import Testing

@Suite struct DifferenceTests {
    private func result(_ cell: String, _ outcome: Outcome) throws -> ComparedCell {
        ComparedCell(cell: try #require(Cell(cell)), outcome: outcome)
    }

    /// Every pair of outcomes, "none" included, against the meaning of the kinds of changes.
    @Test func kindsOfChangesMeanWhatTheySay() {
        let outcomes: [Outcome?] = [nil] + Outcome.allCases
        for before in outcomes {
            for after in outcomes {
                let kind = ChangeKind(before: before, after: after)
                let label = "\(before?.rawValue ?? "none") to \(after?.rawValue ?? "none")"
                let learnt = ![before, after].contains { $0 == .infrastructure || $0 == .cancelled }
                #expect((kind == .gone) == (after == nil), "\(label)")
                #expect((kind == .new) == (before == nil && after != nil), "\(label)")
                #expect((kind == .fixed) == (before != nil && before != .success && after == .success && learnt))
                #expect((kind == .broken) == (before == .success && after != nil && after != .success && learnt))
            }
        }
    }

    @Test func equalStatesDoNotDiffer() throws {
        let results = [try result("t/5/a.1", .success), try result("t/5/b.1", .failure)]
        #expect(try Difference(before: results, after: results).changes.isEmpty)
    }

    @Test func anUpgradeIsComparedWithTheVersionBefore() throws {
        let difference = try Difference(
            before: [result("t/5/a.1", .success)], after: [result("t/5/a.2", .failure)])
        #expect(difference.changes.map(\.kind) == [.broken])
    }

    @Test func severalVersionsOfAPackageAreNotMixed() throws {
        let difference = try Difference(
            before: [result("t/5/a.1", .success), result("t/5/a.2", .failure)],
            after: [result("t/5/a.1", .success), result("t/5/a.2", .success)])
        #expect(difference.changes.map(\.cell.description) == ["t/5/a.2"])
        #expect(difference.changes.map(\.kind) == [.fixed])
    }
}

@Suite struct ResultsTextTests {
    @Test func aTableAsItIsPrinted() throws {
        var failure = CellResult(
            cell: try #require(Cell("debian-12/4.13.1/uunf.15.0.0")), job: nil, outcome: .failure, repositories: [])
        failure.phase = .build
        failure.reason = "Error: no such file"
        let planned = [
            PlannedCell(cell: failure.cell, basis: .excluded(reason: "by hand")),
            PlannedCell(
                cell: try #require(Cell("debian-12/4.13.1/camlp4.1")), basis: .unsolvable(explanation: "no version")),
        ]
        let states = [
            CellState(planned[0], result: nil),
            CellState(
                planned[1],
                result: {
                    var result = CellResult(cell: planned[1].cell, job: nil, outcome: .unsolvable, repositories: [])
                    result.reason = "no version"
                    return result
                }()),
        ]
        #expect(
            ResultsText(states).lines == [
                "debian-12: 1 unsolvable, 1 excluded",
                "  package      4.13.1",
                "  camlp4.1     unsolvable",
                "  uunf.15.0.0  excluded",
                "",
                "  why:",
                "  debian-12/4.13.1/camlp4.1     no version",
                "  debian-12/4.13.1/uunf.15.0.0  by hand",
            ])
    }
}
