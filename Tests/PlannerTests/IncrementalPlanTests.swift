import Core
import Documents
import Foundation
import Git
import Matrix
import OpamFormat
import OpamRepository
import Testing

@testable import Planner

/// Plans made with what an earlier plan has learnt are the plans that are made without.
@Suite struct IncrementalPlanTests {
    /// Changes one opam file after the other of a small repository, and plans with and without memory.
    @Test(arguments: [
        ("fmt.0.10.0", #"depends: [ "ocaml" ]"#), ("cmdliner.1.3.0", #"depends: [ "ocaml" ] conflicts: [ "fmt" ]"#),
        ("lwt.5.0.0", #"depends: [ "ocaml" ]"#), ("ocaml-base-compiler.5.3.0", #"available: os = "win32""#),
        ("alcotest.1.9.0", #"depends: [ "ocaml" "nowhere" ]"#), ("winonly.2.0", #"depends: [ "ocaml" ]"#),
    ])
    func aChangedFileChangesWhatItCan(package: String, opam: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "solutions-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var small = SmallPlan()
        small.rest = "packages: all\nwith-test: true"
        let first = try await Planner(small.inputs(), memory: folder).plan()
        #expect(first.plan == (try await small.planning().plan))
        small.opamFiles[package] = opam
        for round in 1...2 {
            let incremental = try await Planner(small.inputs(), memory: folder).plan()
            let full = try await Planner(small.inputs()).plan()
            #expect(incremental.plan == full.plan, "round \(round)")
            #expect(incremental.files == full.files, "round \(round)")
        }
    }

    @Test func damagedMemoryIsAsGoodAsNone() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "solutions-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let small = SmallPlan()
        let full = try await small.planning().plan
        _ = try await Planner(small.inputs(), memory: folder).plan()
        let file = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
        let path = "\(folder)/\(file)"
        let good = try #require(FileManager.default.contents(atPath: path))
        for cut in [0, 10, 60, 100, good.count - 1] {
            try good.prefix(cut).write(to: URL(fileURLWithPath: path))
            #expect(try await Planner(small.inputs(), memory: folder).plan().plan == full, "cut at \(cut)")
        }
        for at in stride(from: 0, to: good.count, by: max(1, good.count / 20)) {
            var bad = good
            bad[at] ^= 0x40
            try bad.write(to: URL(fileURLWithPath: path))
            #expect(try await Planner(small.inputs(), memory: folder).plan().plan == full, "damaged at \(at)")
        }
    }

    // MARK: Real commits

    static let archive = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/opam-repository.git.tar")
    static let isFull = ProcessInfo.processInfo.environment["CISO_TEST_FULL"] == "1"

    /// Consecutive commits of opam-repository, oldest first: all packages of all of them in the full run, else a slice
    /// of both.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: archive.path), "needs ../shared/opam-repository.git.tar"))
    func realCommitsPlanTheSame() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "commits-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try run("tar", "-xf", Self.archive.path, "-C", folder)
        let repository = "\(folder)/opam-repository.git"
        let commits = Self.isFull ? 160 : 2
        for age in (0..<commits).reversed() {
            var small = SmallPlan()
            small.rest = Self.isFull ? "packages: all" : "packages: [\"b*\", lwt, ocaml]\nwith-test: [bos, bigstringaf]"
            let cached = try inputs(small, "\(repository)@HEAD~\(age)", cache: "\(folder)/universes")
            let incremental = try await Planner(cached, memory: "\(folder)/solutions").plan()
            let fresh = try inputs(small, "\(repository)@HEAD~\(age)", cache: nil)
            let full = try await Planner(fresh).plan()
            #expect(difference(incremental.plan, full.plan) == [], "at HEAD~\(age)")
            #expect(incremental.plan == full.plan, "at HEAD~\(age)")
            #expect(incremental.files == full.files, "at HEAD~\(age)")
        }
    }

    private func inputs(_ small: SmallPlan, _ location: String, cache: String?) throws -> PlanInputs {
        var warnings: [Diagnostic] = []
        let repository = try Repository(location)
        var inputs = try small.inputs()
        inputs.sources = [
            [0]: try RepositorySource(
                RepositorySet([repository]),
                repositories: [Plan.Repository(location: "opam-repository", commit: "\(repository.commit!)")],
                cache: cache, warnings: &warnings)
        ]
        return inputs
    }

    /// The cells that two plans tell differently.
    private func difference(_ left: Plan, _ right: Plan) -> [String] {
        let right = Dictionary(uniqueKeysWithValues: right.cells.map { ($0.cell, $0) })
        return left.cells.filter { right[$0.cell] != $0 }.prefix(3).map {
            "\($0.cell): \($0.basis) instead of \(String(describing: right[$0.cell]?.basis))"
        }
    }

    private func run(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
