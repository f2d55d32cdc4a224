import Core
import Model
import Review
import Testing

@Suite struct GateTests {
    private func cell(_ name: String) throws -> Cell { try #require(Cell("t/5/\(name)")) }

    /// A cell of a plan in a state.
    private func state(
        _ name: String, _ outcome: Outcome?, required: Bool = true, accepted: String? = nil,
        acceptance: Acceptance? = nil, retry: Bool = false,
        _ change: (inout CellResult) -> Void = { _ in }
    ) throws -> CellState {
        let job = Digest(of: name)
        let planned = PlannedCell(
            cell: try cell(name),
            basis: outcome == .unsolvable ? .unsolvable(explanation: "no") : .jobs(build: job, test: nil),
            required: required, accepted: accepted, acceptance: acceptance)
        let result = try outcome.map { outcome in
            var result = CellResult(
                cell: try cell(name), job: outcome == .unsolvable ? nil : job, outcome: outcome, repositories: [])
            if outcome == .failure { (result.phase, result.signature) = (.build, "error") }
            change(&result)
            return result
        }
        return CellState(planned, result: result, isRetried: retry)
    }

    private func base(_ cells: [(String, Outcome?)]) throws -> ComparisonSide {
        ComparisonSide(
            title: "run 1",
            cells: try cells.map {
                ComparedCell(
                    cell: try cell($0), outcome: $1, phase: $1 == .failure ? .build : nil,
                    signature: $1 == .failure ? "error" : nil)
            })
    }

    /// The decision for a single required cell: every state now, and every state in the base.
    @Test func everyPairOfStatesIsDecided() throws {
        let outcomes: [Outcome?] = [nil] + Outcome.allCases
        for now in outcomes {
            let state = try state("a.1", now)
            let isKnown = now?.isVerdict == true
            let alone = Gate([state], advisory: [])
            let expected: Gate.Decision = now == .success ? .pass : isKnown ? .regression : .undecided
            #expect(alone.decision == expected, "\(String(describing: now))")
            for before in outcomes {
                let gate = Gate([state], advisory: [], base: try base([("a.1", before)]))
                let label = "\(before?.rawValue ?? "pending") to \(now?.rawValue ?? "pending")"
                let expected: Gate.Decision =
                    if now == .success { .pass } else if !isKnown { .undecided } else if before == .success {
                        .regression
                    } else if before?.isVerdict == true { .pass } else { .undecided }
                #expect(gate.decision == expected, "\(label)")
                #expect(gate.required == 1, "\(label)")
            }
            let new = Gate([state], advisory: [], base: try base([]))
            #expect(
                new.decision == (now == .success ? .pass : isKnown ? .regression : .undecided),
                "new \(String(describing: now))")
        }
    }

    @Test func aRetryIsUndecidedWhateverTheOldVerdict() throws {
        for outcome in Outcome.allCases {
            let gate = Gate([try state("a.1", outcome, retry: true)], advisory: [], base: try base([("a.1", outcome)]))
            #expect(gate.decision == .undecided, "\(outcome)")
        }
    }

    @Test func anUpgradeIsComparedWithTheVersionBefore() throws {
        let broken = Gate([try state("a.2", .failure)], advisory: [], base: try base([("a.1", .success)]))
        #expect(broken.decision == .regression)
        #expect(broken.regressions.first?.packageBefore == PackageVersion(name: "a", version: "1"))
        #expect(Gate([try state("a.2", .failure)], advisory: [], base: try base([("a.1", .failure)])).decision == .pass)
        // If the versions cannot be paired, the cell counts as new.
        let several = try base([("a.1", .failure), ("a.2", .failure)])
        #expect(Gate([try state("a.3", .failure)], advisory: [], base: several).decision == .regression)
    }

    @Test func optionalCellsAreIgnored() throws {
        let excluded = CellState(PlannedCell(cell: try cell("x.1"), basis: .excluded(reason: "no")), result: nil)
        let gate = Gate([try state("a.1", .failure, required: false), excluded], advisory: [])
        #expect(gate.required == 0 && gate.decision == .pass)
        #expect(Gate([try state("a.1", .failure)], advisory: ["t"]).required == 0)
    }

    @Test func missingCellsAreUndecided() throws {
        let missing = ComparedCell(cell: try cell("gone.1"), outcome: .success)
        let gate = Gate(
            [try state("a.1", .success)], advisory: [], base: try base([("a.1", .success)]), missing: [missing])
        #expect(gate.decision == .undecided)
        #expect(gate.undecided.map(\.state) == ["missing"])
    }

    @Test func onlyTheFailureThatIsNamedIsAccepted() throws {
        func decision(_ outcome: Outcome, _ acceptance: Acceptance) throws -> Gate.Decision {
            Gate([try state("a.1", outcome, accepted: "known", acceptance: acceptance)], advisory: []).decision
        }
        #expect(try decision(.failure, Acceptance(phase: .build, signature: "err*")) == .pass)
        #expect(try decision(.failure, Acceptance(signature: "other")) == .regression)
        #expect(try decision(.failure, Acceptance(phase: .test)) == .regression)
        #expect(try decision(.blocked, Acceptance(phase: .build)) == .regression)
        #expect(try decision(.failure, Acceptance(tracker: "https://example.org/1")) == .pass)
    }

    @Test func acceptedFailuresPassAndStaleOnesAreListed() throws {
        let failing = Gate([try state("a.1", .failure, required: false, accepted: "known")], advisory: [])
        #expect(failing.decision == .pass && failing.accepted.count == 1)
        let good = Gate([try state("a.1", .success, required: false, accepted: "known")], advisory: [])
        #expect(good.decision == .pass && good.stale.count == 1 && good.good == 1)
        let pending = Gate([try state("a.1", nil, required: false, accepted: "known")], advisory: [])
        #expect(pending.decision == .undecided)
    }

    /// Cells are summarized by their cause; the text stays short.
    @Test func theTextIsShort() throws {
        var states = [try state("root.1", .failure) { $0.reason = "Error: boom" }]
        for number in 0..<300 {
            states.append(
                try state("p\(number).1", .blocked) { $0.blockedBy = PackageVersion(name: "root", version: "1") })
        }
        for number in 0..<100 {
            states.append(try state("q\(number).1", .failure) { $0.signature = "other \(number)" })
        }
        for number in 0..<100 { states.append(try state("w\(number).1", nil)) }
        let causes = Dictionary(
            uniqueKeysWithValues: states.filter { $0.outcome != nil }.map { state in
                (state.cell, state.blockedBy != nil ? "root.1" : state.cell.package.description)
            })
        let lines = GateText(Gate(states, advisory: [], causes: causes), isWhole: false).lines
        #expect(lines.count <= 24, "\(lines)")
        #expect(lines[0] == "regression: 401 regressions, 100 undecided, 0 of 501 required cells good")
        #expect(
            lines.contains {
                $0.hasPrefix("  root.1  t/5/root.1  failure in build  and 300 cells more")
                    && $0.hasSuffix("Error: boom")
            })
        #expect(lines.contains("  … and 96 cells of other causes (--all)"))
        #expect(GateText(Gate(states, advisory: []), isWhole: true).lines.count > 500)
    }
}
