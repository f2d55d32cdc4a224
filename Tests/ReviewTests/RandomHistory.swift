import Core
import Model
import Records
import Review
import Store
import TestSupport

/// Random results recorded by a test, like runs, cancellations and undone changes.
struct RandomHistory {
    let deployment: RecordedDeployment
    var random: SeededGenerator
    private let packages: [String]

    init(seed: UInt64, packages: [String] = ["dune", "fmt", "lwt", "tested"]) throws {
        deployment = try RecordedDeployment(packages)
        random = SeededGenerator(seed: seed)
        self.packages = packages
    }

    private var branch: ResultBranch { ResultBranch(deployment: "d", target: RecordedDeployment.target) }

    private static let texts = [
        "error: unbound module Foo", "error: \u{1B}[31mred\u{1B}[0m", "two  spaces\n\n\nand lines",
        "make: *** [all] Error 2",
        "\u{202E}drowssap", "Cell: forged\nOutcome: success",
    ]

    /// Records something.
    mutating func step() async throws {
        switch Int.random(in: 0..<11, using: &random) {
        case 4: try supersedeOne()
        case 0: try await cancelSome()
        case 1: try await removeOne()
        case 2: try undo()
        case 3: try await recordInput()
        default: try await recordCell()
        }
    }

    private mutating func name() -> String {
        "\(RecordedDeployment.compilers.randomElement(using: &random)!)/\(packages.randomElement(using: &random)!)"
    }

    private mutating func result(of name: String, _ outcome: Outcome) -> CellResult {
        let parts = name.split(separator: "/").map(String.init)
        let cell = Cell(
            target: RecordedDeployment.target, compiler: parts[0], package: PackageVersion(name: parts[1], version: "1")
        )
        // Sometimes a result of another plan.
        let job = Bool.random(using: &random) ? deployment.jobs[name] : Digest(of: "another job")
        var result = CellResult(cell: cell, job: job, outcome: outcome, repositories: ["0123"])
        if outcome == .failure || outcome == .infrastructure {
            result.phase = Phase.allCases.randomElement(using: &random)
            result.signature = Self.texts.randomElement(using: &random)
            result.reason = Self.texts.randomElement(using: &random)
            result.log = Digest(of: "log \(UInt64.random(in: 0...9, using: &random))")
        }
        if outcome == .blocked { result.blockedBy = PackageVersion(name: "dune", version: "1") }
        result.duration = Double(Int.random(in: 0...9_000, using: &random)) / 1000
        result.execution = CellResult.execution(
            endedAt: 1_000_000, named: UInt64.random(in: 0...UInt64.max, using: &random))
        return result
    }

    private mutating func recordCell() async throws {
        let outcome = Outcome.allCases.randomElement(using: &random)!
        try await record([result(of: name(), outcome)])
    }

    private mutating func recordInput() async throws {
        let result = result(of: name(), Bool.random(using: &random) ? .success : .failure)
        let path = ResultPath.input(result.cell, job: result.job ?? Digest(of: ""))
        try await deployment.store.transact(Branch(branch.name), result.message(at: path)) { [branch] in
            try branch.write(result, at: path, in: $0)
        }
    }

    private mutating func cancelSome() async throws {
        let results = (0..<3).map { _ in name() }.map { result(of: $0, .cancelled) }
        try await record(results, message: "Cancel \(results.count) cells")
    }

    private func record(_ results: [CellResult], message: String? = nil) async throws {
        try await deployment.store.transact(Branch(branch.name), message ?? results[0].message) { [branch] in
            for result in results { try branch.write(result, at: ResultPath.cell(result.cell), in: $0) }
        }
    }

    private mutating func removeOne() async throws {
        let result = result(of: name(), .success)
        try await deployment.store.transact(Branch(branch.name), "Retry 1 cancelled cell") { [branch] in
            try branch.remove(at: ResultPath.cell(result.cell), in: $0)
        }
    }

    /// Records a version that the plan does not have, which removes the others and may keep their verdicts as those of
    /// inputs.
    private mutating func supersedeOne() throws {
        var newer = result(of: name(), .success)
        newer.cell = Cell(
            target: newer.cell.target, compiler: newer.cell.compiler,
            package: PackageVersion(name: newer.cell.package.name, version: "2"))
        let isKept = Bool.random(using: &random)
        let plan = ResultBranch.PlannedWork(hasCell: { _ in false }, hasJob: { _ in isKept })
        try deployment.store.transact(Branch(branch.name), "") { [branch, newer] transaction in
            transaction.message = try branch.record(newer, of: plan, in: transaction)?.message(plan: nil) ?? "Nothing"
        }
    }

    private mutating func undo() throws {
        let (results, branch) = (self.branch, try Branch(branch.name))
        guard let newest = try deployment.store.history(of: branch, limit: 3).randomElement(using: &random) else {
            return
        }
        let undoing = try deployment.store.planUndo(on: branch, of: newest.id, deriving: results.derivedDocuments)
        try deployment.store.undo(undoing, force: true)
    }

    // MARK: Current contents

    /// The documents of the cells, read one by one: an index must agree with them.
    func documents() throws -> [Cell: CellResult] {
        let snapshot = try deployment.store.snapshot(Branch(branch.name))
        let table = try branch.table(in: snapshot)
        return Dictionary(
            uniqueKeysWithValues: table.results.filter { $0.key == ResultPath.cell($0.value.cell) }
                .map { ($0.value.cell, $0.value) })
    }
}
