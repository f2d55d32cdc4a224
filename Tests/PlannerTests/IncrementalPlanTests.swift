import Core
import Foundation
import Git
import Matrix
import Model
import OpamFormat
import OpamRepository
import PlanSession
import Records
import Store
import TestSupport
import Testing

@testable import Planner

/// A store and a directory of incremental states, planned into repeatedly.
final class PlannedStore {
    private let directory: TemporaryDirectory
    private let store: Store
    var path: String { directory.path }
    private var memories: IncrementalStateDirectory { IncrementalStateDirectory("\(path)/memories") }
    private var tables: JobTables { JobTables("\(path)/tables") }

    init() throws {
        directory = try TemporaryDirectory()
        store = try Store(at: directory("store"))
    }

    /// The plan in the store with its incremental state, if there is one.
    func base() throws -> PreviousPlan? {
        let documents = try PlanStore(store).documents("d")
        guard let header = try documents.header(), let snapshot = documents.base,
            let memory = memories.state(of: snapshot.tree)
        else { return nil }
        return PreviousPlan(
            header: header, memory: memory, cells: { try documents.cells(in: $0) },
            metadata: { try documents.metadataDocument() })
    }

    /// Updates the existing plan, and keeps the result.
    ///
    /// - Returns: its tree, and the number of cells that were computed.
    @discardableResult
    func plan(_ inputs: PlanInputs, over base: PreviousPlan?) async throws -> (tree: ObjectID, solvedCells: Int) {
        let planning = try await Planner(inputs).plan(over: base)
        let plans = PlanStore(store)
        let documents = try planning.documents(over: plans.documents("d").base)
        let jobs = try #require(try await documents.plan(jobs: tables)).jobs
        let snapshot = try plans.write(documents, planning.header).snapshot
        #expect(try await plans.load("d")?.jobs == jobs, "with the jobs of the earlier plan from the cache")
        try plans.keep(jobs, of: "d", in: tables)
        memories.keep(planning.memory, of: snapshot.tree)
        return (snapshot.tree, planning.solvedCells)
    }

    @discardableResult
    func plan(_ inputs: PlanInputs) async throws -> (tree: ObjectID, solvedCells: Int) {
        try await plan(inputs, over: base())
    }

    /// Whether a full plan of some inputs equals the stored one, document for document.
    func isPlanned(_ inputs: PlanInputs) async throws -> Bool {
        let fresh = try await Planner(inputs).plan().documents
        return try fresh.differences(from: PlanStore(store).documents("d")).isEmpty
    }

    /// The files of incremental states.
    func memoryFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/memories").map { "\(path)/memories/\($0)" }
    }
}

/// Updated plans equal full plans, tree for tree.
@Suite struct IncrementalPlanTests {
    static let changes: [(package: String, opam: String?)] = [
        ("fmt.0.10.0", #"depends: [ "ocaml" ]"#), ("cmdliner.1.3.0", #"depends: [ "ocaml" ] conflicts: [ "fmt" ]"#),
        ("lwt.5.0.0", #"depends: [ "ocaml" ]"#), ("ocaml-base-compiler.5.3.0", #"available: os = "win32""#),
        ("alcotest.1.9.0", #"depends: [ "ocaml" "nowhere" ]"#), ("winonly.2.0", #"depends: [ "ocaml" ]"#),
        ("fmt.0.9.0", nil), ("cmdliner.1.3.0", nil), ("zarith.1.14", nil), ("conf-gmp.5", nil),
        ("nowhere.1", ""), ("clash.1.0", #"depends: [ "ocaml" ]"#), ("ocaml-option-x.1", nil), ("ocaml-option-x.2", ""),
        ("astring.0.8.5", #"depends: [ "ocaml" "fmt" {with-test} ]"#), ("old.1.0", #"depends: [ "ocaml" ]"#),
        ("conf-gmp.5", #"depexts: [ ["gmp"] {os = "linux"} ]"#), ("a.1", #"depopts: [ "fmt" ]"#),
        ("old.1.0", #"depends: [ "ocaml" {< "5.0"} ] maintainer: "old@example.org""#),
    ]

    static let matrices = [
        "packages: all\nwith-test: true",
        "packages: [\"*\", {except: fmt}, logs]\nexclude: [{cells: '*/*/zarith', reason: no}]\nwith-doc: [astring]",
        "packages: [{name: cmdliner, versions: all}, {name: \"a*\", optional: true}, {reverse-dependencies: ocaml}]",
        "packages: all\nlower-bounds: true\npins: {cmdliner: 1.0.0}\naccept-failures: [{cells: '*/*/o*', reason: old}]",
    ]

    /// Changes one opam file after the other of a small repository and restores it, and plans with and without the
    /// existing plan.
    @Test(arguments: matrices + [matrices[0] + "\n# with a compiler of several packages"])
    func aChangedFileChangesWhatItCan(matrix: String) async throws {
        let planned = try PlannedStore()
        var small = SmallPlan()
        small.compilers = matrix.contains("#") ? "[{version: 5.3.0, packages: [ocaml-option-x]}]" : "[5.3.0, 4.14.2]"
        small.rest = matrix
        small.opamFiles["ocaml-option-x.1"] = ""
        try await planned.plan(small.inputs())
        for change in Self.changes {
            var changed = small
            changed.opamFiles[change.package] = change.opam
            for state in [changed, small] {
                let label = "\(change.package) \(change.opam ?? "gone")"
                guard (try? await planned.plan(state.inputs())) != nil else {
                    await #expect(throws: Failure.self, "\(label)") { try await state.planning() }
                    continue
                }
                #expect(try await planned.isPlanned(state.inputs()), "\(label)")
            }
        }
    }

    /// Several random changes at once, each plan based on the previous one.
    @Test func changesByChance() async throws {
        var random = SeededGenerator()
        let planned = try PlannedStore()
        var small = SmallPlan()
        small.rest = Self.matrices[0]
        for round in 0..<(LongForm.isWanted ? 500 : 20) {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let change = Self.changes.randomElement(using: &random) ?? ("fmt.0.9.0", nil)
                small.opamFiles[change.package] =
                    Bool.random(using: &random) ? change.opam : SmallRepository.usual[change.package]
            }
            try await planned.plan(small.inputs())
            #expect(try await planned.isPlanned(small.inputs()), "round \(round) of seed \(random.seed)")
        }
    }

    @Test func onlyWhatAChangeCanReachIsMade() async throws {
        let planned = try PlannedStore()
        var small = SmallPlan()
        let all = try await planned.plan(small.inputs()).solvedCells
        small.opamFiles["alcotest.1.8.0"]? += "\nsynopsis: \"another\""
        #expect(try await planned.plan(small.inputs()).solvedCells == 1)
        small.opamFiles["lwt.5.0.0"] = #"depends: [ "ocaml" ]"#
        #expect(try await planned.plan(small.inputs()).solvedCells == 2, "lwt, and logs, which may use it")
        small.opamFiles["ocaml.5.3.0"]? += "\nsynopsis: \"another\""
        #expect(try await planned.plan(small.inputs()).solvedCells == all + 1, "the compiler is in every request")
        #expect(try await planned.plan(small.inputs()).solvedCells == 0)
        small.rest += "\nlimits: {time: 1h}"
        #expect(try await planned.plan(small.inputs()).solvedCells == all + 1, "another matrix")
    }

    /// If the compiler has no solution, no answer depends on a package's contents.
    @Test func metadataOfKeptCellsIsRead() async throws {
        let planned = try PlannedStore()
        var small = SmallPlan()
        small.opamFiles["ocaml-base-compiler.5.3.0"] = #"available: os = "win32""#
        try await planned.plan(small.inputs())
        small.opamFiles["old.1.0"]? += "\nmaintainer: \"old@example.org\""
        try await planned.plan(small.inputs())
        #expect(try await planned.isPlanned(small.inputs()))
    }

    @Test func aDamagedMemoryFileIsIgnored() async throws {
        let planned = try PlannedStore()
        var small = SmallPlan()
        small.rest = "packages: all\nwith-test: true"
        try await planned.plan(small.inputs())
        let base = try #require(try planned.base())
        let path = try #require(try planned.memoryFiles().first)
        let good = try #require(FileManager.default.contents(atPath: path))
        for cut in [0, 10, 60, 100, good.count - 1] {
            try good.prefix(cut).write(to: URL(fileURLWithPath: path))
            #expect(try planned.base() == nil, "cut at \(cut)")
        }
        for at in stride(from: 0, to: good.count, by: max(1, good.count / 50)) {
            var bad = good
            bad[at] ^= 0x40
            try bad.write(to: URL(fileURLWithPath: path))
            #expect(try planned.base() == nil, "damaged at \(at)")
        }
        try good.write(to: URL(fileURLWithPath: path))
        #expect(try planned.base()?.memory == base.memory)
    }

    @Test func theMemoryOfAnotherPlanIsNotUsed() async throws {
        let planned = try PlannedStore()
        var small = SmallPlan()
        try await planned.plan(small.inputs())
        let name = try #require(try planned.memoryFiles().first)
        small.opamFiles["fmt.0.10.0"] = #"depends: [ "ocaml" ]"#
        try await planned.plan(small.inputs())
        let other = try #require(try planned.memoryFiles().first { $0 != name })
        try FileManager.default.removeItem(atPath: other)
        try FileManager.default.copyItem(atPath: name, toPath: other)
        #expect(try planned.base() == nil)
    }

    // MARK: Real commits

    /// Consecutive commits of opam-repository, oldest first: all packages of all of them in the full run, otherwise a
    /// slice of a few.
    @Test(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
    func realCommitsPlanTheSame() async throws {
        let planned = try PlannedStore()
        try Program(["tar", "-xf", SharedRepository.archive.path, "-C", planned.path]).output()
        let repository = "\(planned.path)/opam-repository.git"
        let count = LongForm.isWanted ? 160 : 4
        var made: [Int] = []
        for age in (0...count).reversed() {
            var small = SmallPlan()
            small.rest =
                LongForm.isWanted
                ? "packages: all"
                : "packages: [\"current*\", functory, {name: \"yocaml*\", optional: true}, lwt]\nwith-test: [lwt]"
            let location = "\(repository)@HEAD~\(age)"
            let cache = UniverseDirectory("\(planned.path)/universes")
            made.append(try await planned.plan(inputs(small, location, cache: cache)).solvedCells)
            // Reading all files takes most of the time: in the short run only at the end.
            let fresh = try inputs(small, location, cache: LongForm.isWanted || age == 0 ? nil : cache)
            #expect(try await planned.isPlanned(fresh), "at HEAD~\(age)")
        }
        #expect(
            made.dropFirst().contains { $0 > 0 } && made.dropFirst().allSatisfy { $0 < made[0] || LongForm.isWanted })
    }

    private func inputs(_ small: SmallPlan, _ location: String, cache: UniverseDirectory?) throws -> PlanInputs {
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
}
