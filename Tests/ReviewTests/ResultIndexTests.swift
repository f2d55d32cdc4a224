import Core
import Foundation
import Model
import Records
import Review
import Store
import TestSupport
import Testing

/// An index of results agrees with the store, however it was made.
@Suite struct ResultIndexTests {
    /// The states of all cells as documents have them, without what only documents have.
    private func expected(_ history: RandomHistory) throws -> [CellState] {
        let documents = try history.documents()
        return try PlanStore(history.deployment.store).documents("d").cells().map {
            CellState($0, result: documents[$0.cell])
        }
    }

    /// The states without what depends on other cells: whether an infrastructure failure blocks one.
    private func states(_ deployment: RecordedDeployment, index: String? = nil) throws -> [CellState] {
        if let index { try? FileManager.default.removeItem(atPath: index) }
        return try deployment.results().states(picked: []).map { state in
            guard state.undecided == true else { return state }
            var state = state
            (state.undecided, state.previous) = (nil, nil)
            return state
        }
    }

    private func indexDirectory(_ deployment: RecordedDeployment) throws -> String {
        try #require(deployment.store.indexDirectory)
    }

    private func index(_ deployment: RecordedDeployment) throws -> String {
        let directory = try indexDirectory(deployment)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(names.count == 1, "\(names)")
        return "\(directory)/\(names.first ?? "")"
    }

    /// In the history of the first seed, a commit is undone after a later one changed the same file of the branch's
    /// index.
    @Test(arguments: [17_405_916_599_487_590_919] + (0..<6).map { _ in UInt64.random(in: 0...UInt64.max) })
    func whateverIsRecordedAnUpdatedIndexEqualsOneMadeAgain(seed: UInt64) async throws {
        print("seed \(seed)")
        var history = try RandomHistory(seed: seed)
        for _ in 0..<8 {
            for _ in 0..<Int.random(in: 1...8, using: &history.random) { try await history.step() }
            let updated = try states(history.deployment)
            let expected = try expected(history)
            #expect(updated == expected, "seed \(seed)")
            let explained = try explanations(history.deployment)
            #expect(try states(history.deployment, index: index(history.deployment)) == expected, "seed \(seed)")
            #expect(try explanations(history.deployment) == explained, "seed \(seed)")
            try checkVersions(in: history.deployment.results(), "seed \(seed)")
        }
    }

    /// The versions of each package in a column are all that have a cell or a result, and no others.
    private func checkVersions(in results: DeploymentResults, _ comment: Comment) throws {
        let cells = Set(try results.states(picked: []).map(\.cell))
        for cell in cells {
            let versions = results.index.versions(of: cell.package.name, target: cell.target, compiler: cell.compiler)
            let planned = cells.filter {
                ($0.target, $0.compiler, $0.package.name) == (cell.target, cell.compiler, cell.package.name)
            }
            #expect(versions == Set(versions).union(planned).sorted(), comment)
            for version in versions where !planned.contains(version) {
                #expect(version.package.name == cell.package.name, comment)
                #expect(try !results.index.history(of: version).isEmpty, comment)
            }
            #expect(try results.history(of: cell).cell == cell, comment)
            let next = results.index.versions(
                of: cell.package.name + "0", target: cell.target, compiler: cell.compiler)
            #expect(next.allSatisfy { $0.package.name == cell.package.name + "0" }, comment)
        }
    }

    /// The time since which each cell has its state, which only the history contains.
    private func explanations(_ deployment: RecordedDeployment) throws -> [String] {
        let results = try deployment.results()
        return try results.states(picked: []).map { state in
            try results.explanation(of: Selector(cell: state.cell)).since ?? ""
        }
    }

    private func recorded() async throws -> RandomHistory {
        var history = try RandomHistory(seed: 1)
        for _ in 0..<30 { try await history.step() }
        return history
    }

    @Test func damageIsNoticedAndRepaired() async throws {
        let history = try await recorded()
        let expected = try expected(history)
        _ = try states(history.deployment)
        let explained = try explanations(history.deployment)
        let path = try index(history.deployment)
        let sound = try Data(contentsOf: URL(filePath: path))
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            var bytes = sound
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &random))
            case 1: bytes += [0]
            case 2:
                let start = Int.random(in: 0..<bytes.count, using: &random)
                bytes.resetBytes(in: start..<min(bytes.count, start + 512))
            default:
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try bytes.write(to: URL(filePath: path))
            #expect(try states(history.deployment) == expected, "seed \(seed)")
            #expect(try explanations(history.deployment) == explained, "seed \(seed)")
        }
        #expect(try states(history.deployment) == expected)
    }

    /// An index that is rebuilt while it is read has the same cells under the same numbers, although it meets them in
    /// another order.
    @Test func anIndexRebuiltDuringAQueryKeepsTheNumbersOfItsCells() async throws {
        var history = try RandomHistory(seed: 1)
        _ = try states(history.deployment)
        for _ in 0..<100 { try await history.step() }
        let base = try #require(history.deployment.results().commits.last?.split(separator: " ").last).description
        for _ in 0..<250 { try await history.step() }
        func gate(_ results: DeploymentResults) throws -> [String] {
            try results.cells(picked: []).flatMap { planned in
                let selectors = [Selector(cell: planned.cell)]
                return try GateText(results.gate(selectors, base: base, allowsMissing: true), isWhole: true).lines
            }
        }
        let expected = try gate(history.deployment.results())
        #expect(expected.contains { $0.contains("was ") }, "\(expected)")
        let path = try index(history.deployment)
        var bytes = try Data(contentsOf: URL(filePath: path))
        // The rows of the history are at the end.
        bytes.resetBytes(in: bytes.count - 4_000..<bytes.count)
        try bytes.write(to: URL(filePath: path))
        let damaged = try history.deployment.results()
        #expect(try gate(damaged) == expected)
        #expect(try Data(contentsOf: URL(filePath: path)).suffix(4_000).contains { $0 != 0 })
    }

    @Test func anOlderFileIsBroughtUpToDateAndAForeignOneIsNot() async throws {
        var history = try await recorded()
        _ = try states(history.deployment)
        let path = try index(history.deployment)
        let old = try Data(contentsOf: URL(filePath: path))
        for _ in 0..<30 { try await history.step() }
        let expected = try expected(history)
        try old.write(to: URL(filePath: path))
        #expect(try states(history.deployment) == expected)
        // An index with commits that this store does not have.
        let other = try RecordedDeployment()
        try await other.record("5.3.0/fmt", .success)
        _ = try states(other)
        try old.write(to: URL(filePath: index(other)))
        #expect(try states(other).filter { $0.state == "success" }.map(\.cell.package.name) == ["fmt"])
    }

    @Test func anIndexThatCannotBeSavedIsBuiltEachTime() async throws {
        let history = try await recorded()
        let directory = try indexDirectory(history.deployment)
        try Data().write(to: URL(filePath: directory))
        #expect(try states(history.deployment) == expected(history))
        let cache = history.deployment.directory("cache")
        let results = try DeploymentResults(store: history.deployment.store, deployment: "d", cache: cache)
        #expect(try results.states(picked: []) == expected(history))
        #expect(try FileManager.default.subpathsOfDirectory(atPath: cache).contains { $0.hasSuffix(".index") })
    }

    @Test func severalThreadsOpenItAtOnce() async throws {
        let history = try await recorded()
        let expected = try expected(history)
        let deployment = history.deployment
        try await withThrowingTaskGroup(of: [CellState].self) { group in
            for _ in 0..<8 { group.addTask { try deployment.results().states(picked: []) } }
            for try await states in group { #expect(states == expected) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: indexDirectory(deployment)).count == 1)
    }

    @Test func aCloneWithoutOldCommitsHasTheSameStates() async throws {
        let history = try await recorded()
        let clone = history.deployment.directory("clone")
        try Program([
            "git", "clone", "-q", "--depth", "1", "--no-single-branch", "file://\(history.deployment.store.path)",
            clone,
        ])
        .output()
        let results = try DeploymentResults(store: Store(opening: clone), deployment: "d")
        #expect(try results.states(picked: []) == expected(history))
        #expect(results.store.indexDirectory == nil)
    }

    /// Cells that no job decides, and failures that are accepted in part.
    private func others() throws -> [PlannedCell] {
        func cell(_ name: String) -> Cell {
            Cell(
                target: RecordedDeployment.target, compiler: "5.3.0", package: PackageVersion(name: name, version: "1"))
        }
        func unsolvable(_ name: String, _ kind: UnsolvableCause.Class) -> PlannedCell {
            PlannedCell(
                cell: cell(name), basis: .unsolvable(explanation: "\(name) needs x\nx needs ocaml < 5"),
                cause: UnsolvableCause(kind, package: "x", sentence: "x needs ocaml < 5"))
        }
        return [
            unsolvable("a", .dependency), unsolvable("b", .dependency), unsolvable("c", .ownOCaml),
            unsolvable("d", .ownOCaml),
            PlannedCell(cell: cell("e"), basis: .excluded(reason: "not here"), required: false),
            PlannedCell(
                cell: cell("f"), basis: .jobs(build: Digest(of: "f"), test: nil), accepted: "known",
                acceptance: Acceptance(phase: .build, signature: "known*", tracker: "https://example.org/1")),
        ]
    }

    @Test func plannedPropertiesAreInTheIndex() throws {
        let deployment = try RecordedDeployment(others: others())
        let planned = try PlanStore(deployment.store).documents("d").cells()
        for _ in 0..<2 {
            let results = try deployment.results()
            #expect(try results.cells(picked: []) == planned)
            let causes = try results.causes()
            #expect(causes.map(\.kind) == [.unsolvable, .ownOCaml] && causes.map(\.count) == [2, 2])
            #expect(causes.first?.reason == "x needs ocaml < 5")
            let column = try results.summary().columns.first { $0.compiler == "5.3.0" }
            #expect(column?.cells == [.unsolvable: 2, .ownOCaml: 2, .excluded: 1, .pending: 5])
        }
    }

    @Test(arguments: [
        (Phase.build, "known error", OverallState.good), (.build, "another error", .notGood),
        (.install, "known error", .notGood),
    ])
    func onlyTheFailureThatIsAcceptedPasses(phase: Phase, signature: String, expected: OverallState) async throws {
        let deployment = try RecordedDeployment(others: others())
        let cell = try #require(try others().last?.cell)
        var result = CellResult(cell: cell, job: Digest(of: "f"), outcome: .failure, repositories: [])
        (result.phase, result.signature) = (phase, signature)
        let branch = ResultBranch(deployment: "d", target: cell.target)
        try await deployment.store.transact(Branch(branch.name), result.message) { [result] in
            try branch.write(result, at: ResultPath.cell(cell), in: $0)
        }
        let results = try deployment.results()
        #expect(try results.overallState(picked: [Selector(cell: cell)]) == expected)
        let state = try results.states(picked: [Selector(cell: cell)]).first
        #expect(state?.isRequiredAndNotGood == (expected != .good))
    }
}
