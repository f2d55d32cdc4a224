import Core
import Foundation
import Model
import Records
import Store
import TestSupport

/// A deployment with a git repository, and runs recorded like those of `ci run`, without executing jobs.
final class RunHistory: Sendable {
    let directory: TemporaryDirectory

    var path: String { directory("store") }

    struct Refused: Error {
        var words: String
    }

    /// - Parameter packages: opam files by `NAME.VERSION`, besides those of the compiler.
    init(_ packages: [String: String], asked: String) throws {
        directory = try TemporaryDirectory()
        try directory.write(
            """
            deployment: small
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [{system: "4.13.1"}]
            packages: [\(asked)]
            """, to: "matrix.yaml")
        try directory.shell("git init -q repo")
        try commit(
            "first",
            [
                "ocaml.4.13.1": #"depends: "ocaml-system""#,
                "ocaml-system.4.13.1": #"flags: compiler available: sys-ocaml-version = "4.13.1""#,
            ].merging(packages) { $1 })
    }

    /// Writes opam files into the repository and commits them.
    ///
    /// - Returns: the commit.
    @discardableResult
    func commit(_ message: String, _ packages: [String: String]) throws -> String {
        for (package, fields) in packages {
            let name = package.prefix { $0 != "." }
            try directory.write("opam-version: \"2.0\"\n\(fields)\n", to: "repo/packages/\(name)/\(package)/opam")
        }
        try git("add", "-A", at: directory("repo"))
        try git("commit", "-q", "--allow-empty", "-m", message, at: directory("repo"))
        return try git("rev-parse", "HEAD", at: directory("repo"))
    }

    func plan() throws {
        let planned = try ci("plan", "matrix.yaml", "-q")
        guard planned.status == 0 else { throw Refused(words: planned.messages) }
    }

    /// Plans, and records a run with these outcomes by package; other cells have no result of it. Cells without a
    /// solution are recorded as such.
    ///
    /// - Parameter selectors: What the run was restricted to: then it records no others, and none without a solution.
    func run(
        _ outcomes: [String: Outcome], only selectors: [String] = [],
        _ change: @Sendable (inout CellResult) -> Void = { _ in }
    ) async throws {
        try plan()
        let store = try Store(opening: path)
        guard let plan = try await PlanStore(store).load("small") else { throw Refused(words: "no plan") }
        let runs = RunRecords(of: "small", in: store)
        let owner = try store.ephemeral.join("test")
        defer { owner.leave() }
        let now = Date().timeIntervalSince1970
        var record = try runs.begin(
            trigger: "test", selectors: selectors.compactMap { Selector($0) },
            targets: Set(plan.targets.map(\.name)), at: Int(now), owner: owner)
        let recorder = ResultRecorder(plan, in: store, run: record)
        for cell in plan.cells {
            var outcome = outcomes[cell.cell.package.name]
            var job: Digest?
            if case .jobs(let build, _) = cell.basis {
                job = build
            } else {
                outcome = selectors.isEmpty ? .unsolvable : nil
            }
            guard let outcome else { continue }
            var result = CellResult(
                cell: cell.cell, job: job, outcome: outcome, repositories: plan.repositories.map(\.commit))
            result.execution = CellResult.execution(
                endedAt: Date().timeIntervalSince1970, named: .random(in: .min ... .max))
            result.finished = Int(now)
            if outcome == .failure {
                (result.phase, result.signature, result.reason) = (.build, "Error: no", "Error: no")
            }
            change(&result)
            _ = try await recorder.record(result, at: ResultPath.cell(cell.cell))
        }
        record.end = Int(Date().timeIntervalSince1970)
        record.ending = .finished
        try runs.end(record, targets: Set(plan.targets.map(\.name)))
    }

    func ci(_ words: String..., environment more: [String: String] = [:]) throws -> Program.Ending {
        let environment = [
            "CISO_CACHE": directory("cache"), "CISO_STORE": path, "PATH": "/usr/bin:/bin", "HOME": directory.path,
        ]
        return try Program(
            [BuiltProgram.path(of: "ci")] + words, in: directory.path, environment: environment.merging(more) { $1 }
        ).run()
    }

    /// The JSON output of `ci`.
    func json<Value: Decodable>(_ type: Value.Type, _ words: [String]) throws -> Value {
        let ending = try Program(
            [BuiltProgram.path(of: "ci")] + words + ["--format", "json"], in: directory.path,
            environment: ["CISO_STORE": path, "PATH": "/usr/bin:/bin"]
        ).run()
        return try JSONDecoder().decode(type, from: Data(ending.output.utf8))
    }
}
