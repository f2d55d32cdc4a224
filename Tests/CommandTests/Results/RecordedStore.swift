import Core
import Foundation
import Model
import Records
import Store
import TestSupport

/// A deployment whose verdicts were recorded as a run records them, without running anything.
final class RecordedStore: Sendable {
    let directory: TemporaryDirectory

    var path: String { directory("store") }

    /// Output of a build that is meant to deceive readers.
    static let hostile = "\u{1B}]0;title\u{07}\u{9B}31m\u{202E}drowssap\u{2066}\u{E0041}\r\u{7F}"

    private static let packages = [
        "ocaml.4.13.1": #"depends: "ocaml-system""#,
        "ocaml-system.4.13.1": #"flags: compiler available: sys-ocaml-version = "4.13.1""#,
        "good.1": #"depends: "ocaml""#, "bad.1": #"depends: "ocaml""#, "top.1": #"depends: "bad""#,
        "tested.1": #"depends: "ocaml" run-test: ["false"]"#, "lost.1": #"depends: "gone""#,
        "waiting.dev": #"depends: "ocaml""#,
    ]

    /// - Parameter verdicts: outcomes by package; nothing is recorded for others.
    init(_ verdicts: [String: Outcome] = RecordedStore.usual) async throws {
        directory = try TemporaryDirectory()
        for (package, fields) in Self.packages {
            let name = package.prefix { $0 != "." }
            try directory.write("opam-version: \"2.0\"\n\(fields)\n", to: "repo/packages/\(name)/\(package)/opam")
        }
        try directory.write(
            """
            deployment: small
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [{system: "4.13.1"}]
            packages: [good, bad, top, tested, lost, waiting]
            with-test: [tested]
            """, to: "matrix.yaml")
        let planned = try run("plan", "matrix.yaml", "-q")
        guard planned.status == 0 else { throw Unplanned(words: planned.messages) }
        try await record(verdicts)
    }

    private static let common = Task { try await RecordedStore() }

    /// One for all tests that only read.
    static func shared() async throws -> RecordedStore { try await common.value }

    struct Unplanned: Error {
        var words: String
    }

    static let usual: [String: Outcome] = [
        "good": .success, "bad": .failure, "top": .blocked, "tested": .failure, "lost": .unsolvable,
    ]

    private func record(_ verdicts: [String: Outcome]) async throws {
        let store = try Store(opening: path)
        let cells = try PlanStore(store).documents("small").cells()
        let branch = ResultBranch(deployment: "small", target: "debian-12")
        for planned in cells {
            guard let outcome = verdicts[planned.cell.package.name] else { continue }
            var (build, test): (Digest?, Digest?)
            if case .jobs(let first, let second) = planned.basis { (build, test) = (first, second) }
            var result = CellResult(cell: planned.cell, job: test ?? build, outcome: outcome, repositories: ["0123"])
            switch outcome {
            case .failure:
                result.phase = test == nil ? .build : .test
                result.signature = "error: \(planned.cell.package.name) \(Self.hostile)"
                result.reason = "error: \(Self.hostile)\n\nOutcome: success\n---\nCell: forged"
            case .blocked: result.blockedBy = PackageVersion(name: "bad", version: "1")
            case .infrastructure: result.reason = "the disk is full"
            default: break
            }
            if outcome == .failure || outcome == .success {
                let words = "=== \(test == nil ? "build" : "test") of \(planned.cell.package)\n"
                let log =
                    Array((words + String(repeating: "a line \(Self.hostile)\n", count: 20_000)).utf8) + [0x9B, 0xFF]
                result.log = try store.logs.put(log)
            }
            try await put(result, in: store, branch, at: ResultPath.cell(planned.cell))
            guard let build, test != nil else { continue }
            var first = CellResult(cell: planned.cell, job: build, outcome: .success, repositories: ["0123"])
            first.log = try store.logs.put(Array("=== build of \(planned.cell.package)\n".utf8))
            try await put(first, in: store, branch, at: ResultPath.input(planned.cell, job: build))
        }
    }

    private func put(_ result: CellResult, in store: Store, _ branch: ResultBranch, at path: String) async throws {
        try await store.transact(Branch(branch.name), result.message(at: path)) {
            try branch.write(result, at: path, in: $0)
        }
    }

    private func environment(_ more: [String: String] = [:]) -> [String: String] {
        ["CISO_CACHE": directory("cache"), "CISO_STORE": path, "PATH": "/usr/bin:/bin", "HOME": directory.path]
            .merging(more) { $1 }
    }

    /// Runs `ci` in the directory.
    func run(_ words: String..., environment more: [String: String] = [:]) throws -> Program.Ending {
        try run(words, environment: more)
    }

    func run(_ words: [String], environment more: [String: String] = [:]) throws -> Program.Ending {
        try Program(
            [BuiltProgram.path(of: "ci")] + words, in: directory.path, environment: environment(more)
        ).run()
    }

    /// Runs a shell script in which `"$@"` is `ci` with these words.
    func shell(_ script: String, _ words: [String]) throws -> Program.Ending {
        try Program(
            ["/bin/sh", "-c", script, "sh", BuiltProgram.path(of: "ci")] + words, in: directory.path,
            environment: environment()
        ).run()
    }
}
