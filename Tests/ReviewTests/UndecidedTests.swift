import Core
import Foundation
import Model
import Records
import Review
import Store
import TestSupport
import Testing

/// Nothing is known about a cell that an infrastructure failure of another package blocks: no output counts it as
/// broken, bad by itself or decided.
@Suite struct UndecidedTests {
    private static let packages = (0..<8).map { "p\($0)" }
    /// A package that decides no cell and blocks others.
    private static let input = PackageVersion(name: "input", version: "1")

    /// What is known about the cells after a run: the outcome, and whether nothing is known in spite of `blocked`.
    private typealias Truth = [Cell: (outcome: Outcome?, isUndecided: Bool)]

    /// A deployment with runs of random outcomes, and the expected state of each cell.
    private final class Fixture {
        let deployment: RecordedDeployment
        let owner: EphemeralOwner
        var random: SeededGenerator
        var truths: [Truth] = []

        init(seed: UInt64) throws {
            deployment = try RecordedDeployment(UndecidedTests.packages)
            owner = try deployment.store.ephemeral.join("test")
            random = SeededGenerator(seed: seed)
        }

        deinit { owner.leave() }

        private var target: String { RecordedDeployment.target }

        func run() async throws {
            let runs = RunRecords(of: "d", in: deployment.store)
            var record = try runs.begin(trigger: "test", selectors: [], targets: [target], at: 0, owner: owner)
            var truth: Truth = truths.last ?? [:]
            for compiler in RecordedDeployment.compilers {
                let (roots, blocked) = try await roots(compiler, record.number, &truth)
                for name in blocked { try await block(name, compiler, by: roots, record.number, &truth) }
            }
            record.ending = .finished
            record.end = .max
            try runs.end(record, targets: [target])
            truths.append(truth)
        }

        private func cell(_ name: String, _ compiler: String) -> Cell {
            Cell(target: target, compiler: compiler, package: PackageVersion(name: name, version: "1"))
        }

        /// Records the cells that are not blocked.
        ///
        /// - Returns: The failures that may block others, and the other cells.
        private func roots(
            _ compiler: String, _ run: Int, _ truth: inout Truth
        ) async throws -> (roots: [(package: PackageVersion, outcome: Outcome)], blocked: [String]) {
            var (roots, blocked): ([(package: PackageVersion, outcome: Outcome)], [String]) = ([], [])
            for name in UndecidedTests.packages {
                let outcomes: [Outcome?] = [
                    .success, .success, .failure, .infrastructure, .cancelled, .blocked, .blocked,
                ]
                guard let outcome = outcomes.randomElement(using: &random) ?? nil else { continue }
                let cell = cell(name, compiler)
                if outcome == .blocked {
                    blocked.append(name)
                    continue
                }
                if outcome == .failure || outcome == .infrastructure { roots.append((cell.package, outcome)) }
                try await record(cell, outcome, run)
                truth[cell] = (outcome, false)
            }
            let outcome: Outcome = Bool.random(using: &random) ? .failure : .infrastructure
            var input = CellResult(
                cell: Cell(target: target, compiler: compiler, package: UndecidedTests.input),
                job: Digest(of: "input"), outcome: outcome, repositories: [])
            (input.run, input.reason) = (run, "because of run \(run)")
            try await deployment.record(input, at: ResultPath.input(input.cell, job: Digest(of: "input")))
            return (roots + [(UndecidedTests.input, outcome)], blocked)
        }

        private func block(
            _ name: String, _ compiler: String, by roots: [(package: PackageVersion, outcome: Outcome)], _ run: Int,
            _ truth: inout Truth
        ) async throws {
            guard let root = roots.randomElement(using: &random) else { return }
            let isUndecided = root.outcome == .infrastructure
            // Older versions did not record that nothing is known.
            let isOld = Bool.random(using: &random)
            try await record(cell(name, compiler), .blocked, run) { result in
                result.blockedBy = root.package
                if isUndecided, !isOld { result.change = .undecided }
            }
            truth[cell(name, compiler)] = (.blocked, isUndecided)
        }

        private func record(
            _ cell: Cell, _ outcome: Outcome, _ run: Int, _ change: (inout CellResult) -> Void = { _ in }
        ) async throws {
            try await deployment.record("\(cell.compiler)/\(cell.package.name)", outcome) { result in
                result.run = run
                if outcome == .failure { (result.phase, result.signature) = (.build, "error \(run)") }
                if outcome == .infrastructure { result.reason = "no space in run \(run)" }
                change(&result)
            }
        }
    }

    /// Whether an outcome is known to be good or bad.
    private func verdict(_ truth: Truth, _ cell: Cell) -> Outcome? {
        guard let (outcome, isUndecided) = truth[cell], !isUndecided, outcome?.isVerdict == true else { return nil }
        return outcome
    }

    @Test(arguments: 0..<6)
    func noOutputCallsSuchACellBroken(number: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        let fixture = try Fixture(seed: seed)
        for _ in 0..<3 { try await fixture.run() }
        let results = try fixture.deployment.results()
        let label: Comment = "seed \(seed)"
        let truth = try #require(fixture.truths.last)
        let states = try results.states(picked: [])
        for state in states {
            let known = truth[state.cell]
            #expect(
                state.outcome == known?.outcome && state.undecided == (known?.isUndecided == true ? true : nil), label)
            #expect(state.isVerdict == (verdict(truth, state.cell) != nil), label)
            #expect(state.words.contains("(infrastructure)") == (known?.isUndecided == true), "\(state.words) \(seed)")
        }
        try checkSummary(of: results, states, truth, label)
        try checkGates(of: results, fixture.truths, label)
        try checkDifferences(in: results, fixture.truths, label)
        checkReports(of: results, states, label)
        for cell in states.map(\.cell) {
            guard let turn = try results.history(of: cell).turn else { continue }
            #expect(turn.bad.change != .undecided, label)
        }
    }

    private func checkSummary(
        of results: DeploymentResults, _ states: [CellState], _ truth: Truth, _ label: Comment
    ) throws {
        let summary = try results.summary()
        let standings = summary.columns.reduce(into: [:]) { $0.merge($1.cells, uniquingKeysWith: +) }
        let unknown = states.count { $0.undecided == true || $0.outcome == .infrastructure }
        #expect(standings.values.reduce(0, +) == states.count, label)
        #expect(standings[.infrastructure] ?? 0 == unknown, label)
        #expect(standings[.blocked] ?? 0 == truth.values.count { $0.outcome == .blocked && !$0.isUndecided }, label)
        #expect(try results.listedCells().standings.values.reduce(0, +) == states.count, label)
        for cause in summary.causes {
            for cell in cause.cells + cause.blocks {
                #expect((verdict(truth, cell) == nil) == (cause.kind == .infrastructure), label)
            }
        }
        #expect(summary.causes.reduce(0) { $0 + $1.count } == summary.bad, label)
        let bad = states.contains { $0.isVerdict && $0.outcome != .success }
        let isGood = states.allSatisfy { $0.outcome == .success }
        #expect(try results.overallState(picked: []) == (unknown > 0 ? .unavailable : isGood ? .good : .notGood), label)
        let status = try results.status().targets[0]
        #expect(status.states.values.reduce(0, +) == states.count && status.cells == states.count, label)
        #expect(status.blockedByInfrastructure ?? 0 == states.count { $0.undecided == true }, label)
        let decided = status.notGood - (status.undecided ?? 0)
        #expect(decided == states.count { $0.isVerdict && $0.outcome != .success } && (decided > 0) == bad, label)
        #expect(DeploymentStatus(plan: results.header, states: states).targets[0].undecided == status.undecided, label)
    }

    private func checkGates(of results: DeploymentResults, _ truths: [Truth], _ label: Comment) throws {
        let now = truths[truths.count - 1]
        for base in [nil] + truths.indices.map({ "\($0 + 1)" }) {
            let gate = try results.gate([], base: base, allowsMissing: false)
            let decided = gate.regressions + gate.stillFailing
            #expect(decided.allSatisfy { verdict(now, $0.cell) != nil }, label)
            #expect(gate.required == gate.good + decided.count + gate.undecided.count, label)
            let unknown = now.filter { verdict(now, $0.key) == nil && $0.value.outcome != nil }.map(\.key)
            #expect(Set(unknown).isSubset(of: gate.undecided.map(\.cell)), label)
        }
    }

    private func checkDifferences(in results: DeploymentResults, _ truths: [Truth], _ label: Comment) throws {
        let sides = truths.indices.map { ("run:\($0 + 1)", truths[$0]) } + [("now", truths[truths.count - 1])]
        for (before, old) in sides {
            for (after, new) in sides {
                let difference = try results.difference(
                    from: results.side(named: before), to: results.side(named: after), hasReasons: false)
                #expect(difference.totals.reduce(0) { $0 + $1.cells } == difference.changes.count, label)
                for change in difference.changes {
                    let (was, is_) = (verdict(old, change.cell), verdict(new, change.cell))
                    let isKnown = was != nil && is_ != nil
                    let exists = old[change.cell] != nil && new[change.cell] != nil && change.kind != .new
                    if exists { #expect((change.kind != .unknown) == isKnown, "\(change) \(before) \(after) \(label)") }
                    if change.kind == .broken { #expect(was == .success && isKnown, label) }
                    if change.kind == .fixed { #expect(is_ == .success && isKnown, label) }
                    #expect(
                        !difference.groups(of: .new).contains { $0.cells.contains { verdict(new, $0) == nil } }, label)
                }
            }
        }
    }

    private func checkReports(of results: DeploymentResults, _ states: [CellState], _ label: Comment) {
        let report = Report(plan: results.header, states: states, causes: [])
        let junit = report.junitDocument()
        func number(of element: String) -> Int { junit.components(separatedBy: "<\(element)").count - 1 }
        // A failure that is not in the report, of a job without a cell, is reported by the cells that it blocks.
        let failed = states.filter { $0.outcome == .failure }.map(\.cell)
        let unexplained = states.count { state in
            state.outcome == .blocked && state.isVerdict && !failed.contains { $0.package == state.blockedBy }
        }
        #expect(number(of: "failure ") == failed.count + unexplained, label)
        #expect(number(of: "error ") == states.count { $0.undecided == true || $0.outcome == .infrastructure }, label)
    }

    /// What is recorded decides if the job that blocks is no longer known to fail, and otherwise that job.
    @Test func theBlockingJobDecides() async throws {
        let deployment = try RecordedDeployment(["lib", "top"])
        func block(_ change: ResultChange?) async throws {
            try await deployment.record("5.3.0/top", .blocked) {
                ($0.blockedBy, $0.change) = (PackageVersion(name: "lib", version: "1"), change)
            }
        }
        func isUndecided() throws -> Bool? {
            let state = try deployment.results().states(picked: []).first {
                $0.cell.package.name == "top" && $0.outcome != nil
            }
            return try #require(state).undecided
        }
        try await block(nil)
        #expect(try isUndecided() == nil)
        for (outcome, expected) in [
            (Outcome.infrastructure, true), (.failure, nil), (.infrastructure, true), (.success, nil),
        ] {
            try await deployment.record("5.3.0/lib", outcome)
            #expect(try isUndecided() == expected, "\(outcome)")
        }
        try await block(.undecided)
        #expect(try isUndecided() == true)
        let causes = try deployment.results().causes()
        #expect(causes.map(\.kind) == [.infrastructure] && causes[0].packages == ["lib"], "\(causes)")
        try await deployment.record("5.3.0/lib", .failure)
        #expect(try isUndecided() == nil)
    }
}
