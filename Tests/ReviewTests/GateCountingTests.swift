import Core
import Model
import Records
import Review
import Store
import TestSupport
import Testing

/// A gate that only counts cells that are still failing decides as one that lists them.
@Suite struct GateCountingTests {
    private static let packages = (0..<10).map { "p\($0)" }

    /// A deployment whose plan and results change at random.
    private final class Fixture {
        let deployment: RecordedDeployment
        let owner: EphemeralOwner
        var random: SeededGenerator

        init(_ random: SeededGenerator) throws {
            deployment = try RecordedDeployment()
            owner = try deployment.store.ephemeral.join("test")
            self.random = random
        }

        deinit { owner.leave() }

        private func chance(_ share: Int) -> Bool { Int.random(in: 0..<share, using: &random) == 0 }

        /// A cell of the plan in a random version, for any reason in it; nil for none.
        private func planned(_ name: String, _ compiler: String) -> PlannedCell? {
            let version = chance(4) ? "2" : "1"
            let cell = Cell(
                target: RecordedDeployment.target, compiler: compiler,
                package: PackageVersion(name: name, version: version))
            let basis: PlannedCell.Basis
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return nil
            case 1: basis = .excluded(reason: "no")
            case 2...3: basis = .jobs(build: Digest(of: name), test: nil)
            default: basis = .unsolvable(explanation: "no solution")
            }
            var planned = PlannedCell(cell: cell, basis: basis, required: !chance(5))
            if chance(6) { planned.accepted = "known" }
            return planned
        }

        /// Plans some packages anew.
        func plan() throws {
            let plans = PlanStore(deployment.store)
            let base = try plans.documents("d")
            let found = try base.header()
            let header = try #require(found)
            var cells = try base.cells()
            for compiler in RecordedDeployment.compilers {
                for name in GateCountingTests.packages where chance(3) {
                    cells.removeAll { $0.cell.compiler == compiler && $0.cell.package.name == name }
                    for _ in 0..<(chance(4) ? 2 : 1) {
                        guard let new = planned(name, compiler), !cells.contains(where: { $0.cell == new.cell }) else {
                            continue
                        }
                        cells.append(new)
                    }
                }
            }
            let now = Dictionary(grouping: cells) { CellShard(of: $0.cell) }
            let before = Dictionary(grouping: try base.cells()) { CellShard(of: $0.cell) }
            let shards = Set(now.keys).union(before.keys).map { id in
                PlanUpdate.Shard(id, cells: now[id] ?? [], previous: before[id] ?? [])
            }
            let update = PlanUpdate(
                header: header, tasks: [], shards: shards, addedJobs: [], removedJobs: [], addedPackages: [],
                removedPackages: [])
            _ = try plans.write(PlanDocuments(update, over: base.base), header)
        }

        /// Records random results of some planned cells as a run.
        func run() async throws {
            let runs = RunRecords(of: "d", in: deployment.store)
            let targets: Set = [RecordedDeployment.target]
            var record = try runs.begin(trigger: "test", selectors: [], targets: targets, at: 0, owner: owner)
            let roots = ["dune", "p0", "p1"].map { PackageVersion(name: $0, version: "1") }
            for planned in try PlanStore(deployment.store).documents("d").cells() where !chance(3) {
                var result = CellResult(cell: planned.cell, job: nil, outcome: .unsolvable, repositories: [])
                switch planned.basis {
                case .excluded: continue
                case .unsolvable: if chance(2) { continue }
                case .jobs(let build, _):
                    result.job = build
                    result.outcome = [.success, .failure, .blocked, .blocked, .infrastructure, .cancelled]
                        .randomElement(
                            using: &random)!
                }
                if result.outcome == .blocked { result.blockedBy = roots.randomElement(using: &random) }
                if result.outcome == .failure {
                    (result.phase, result.signature) = (.build, "error \(UInt8.random(in: 0...2, using: &random))")
                }
                result.run = record.number
                try await deployment.record(result, at: ResultPath.cell(result.cell))
            }
            (record.ending, record.end) = (.finished, .max)
            try runs.end(record, targets: targets)
        }
    }

    @Test(arguments: 0..<4) func theDecisionAndTheOtherListsAreEqual(_: Int) async throws {
        let random = SeededGenerator(printingSeedOf: "theDecisionAndTheOtherListsAreEqual")
        let fixture = try Fixture(random)
        for _ in 0..<4 {
            try fixture.plan()
            try await fixture.run()
        }
        var unlisted = 0
        for plansLast in [false, true] {
            if plansLast { try fixture.plan() }
            let results = try fixture.deployment.results()
            let commit = try #require(results.commits.last?.split(separator: " ").last).description
            for base in ["1", "2", "3", "4", "last~1", "2026-01-01", commit] {
                for selectors in ["", "*/*/p*", "outcome:unsolvable"].map({ Selector($0).map { [$0] } ?? [] }) {
                    func gate(listsAll: Bool) -> (gate: Gate?, error: String?) {
                        do {
                            let gate = try results.gate(
                                selectors, base: base, allowsMissing: false, listsAll: listsAll)
                            return (gate, nil)
                        } catch { return (nil, "\(error)") }
                    }
                    let (whole, short) = (gate(listsAll: true), gate(listsAll: false))
                    let label: Comment = "seed \(random.seed), base \(base), \(selectors), \(plansLast)"
                    #expect(whole.error == short.error, label)
                    guard let whole = whole.gate, let short = short.gate else { continue }
                    #expect(try document(whole) == document(short), label)
                    #expect(whole.unlistedStillFailing == 0, label)
                    #expect(whole.stillFailing.count == short.stillFailing.count + short.unlistedStillFailing, label)
                    #expect(
                        GateText(whole, isWhole: false).lines == GateText(short, isWhole: false).lines, label)
                    unlisted += short.unlistedStillFailing
                }
            }
        }
        #expect(unlisted > 0, "seed \(random.seed)")
    }

    /// The document of a gate without the cells that are still failing.
    private func document(_ gate: Gate) throws -> String {
        let lists = [gate.regressions, gate.undecided, gate.accepted, gate.stale]
        let entries = try lists.map { String(decoding: try CanonicalJSON.encode($0), as: UTF8.self) }
        return "\(gate.decision) \(gate.good) of \(gate.required)\n" + entries.joined(separator: "\n")
    }
}
