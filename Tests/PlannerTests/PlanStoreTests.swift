import Archive
import Core
import Foundation
import Git
import Matrix
import Model
import Records
import Store
import TestSupport
import Testing

@testable import PlanSession
@testable import Planner

/// Plans read from a store equal the written ones.
@Suite struct PlanStoreTests {
    private func withStore<Result>(_ body: (Store, String) async throws -> Result) async throws -> Result {
        let directory = try TemporaryDirectory()
        return try await body(Store(at: directory.path), directory.path)
    }

    private func planning(_ change: (inout SmallPlan) -> Void = { _ in }) async throws -> PlanOutput {
        var small = SmallPlan()
        small.compilers = "[5.3.0, 4.14.2]"
        small.rest = "packages: all\nwith-test: true\nlimits: {time: 1h}"
        change(&small)
        return try await small.planning()
    }

    @Test func aPlanIsReadBackAsItWas() async throws {
        try await withStore { store, _ in
            let planning = try await planning()
            let plans = PlanStore(store)
            try plans.write(planning.documents, planning.header)
            #expect(try await plans.load("d") == planning.plan)
            for (digest, files) in planning.files {
                #expect(try plans.files(digest, in: "d") == files)
            }
            #expect(try plans.documents("d").header() == planning.header)
            #expect(try await plans.load("e") == nil)
            #expect(try plans.documents("e").header() == nil)
        }
    }

    @Test func namesNextToOpamFilesAreBytes() async throws {
        try await withStore { store, path in
            let odd: [FilePath: [UInt8]] = [
                FilePath(bytes: [0x64, 0xFF, 0x2F, 0x61, 0xE9]): [1], "50%41": [2], "a\tb": [3],
                FilePath(bytes: [0xC3, 0xA9]): [4], FilePath(bytes: [0x65, 0xCC, 0x81]): [5],
            ]
            let planning = try await planning { $0.files["fmt.0.9.0"] = odd }
            let plans = PlanStore(store)
            try plans.write(planning.documents, planning.header)
            let all = planning.files
            #expect(all.values.contains { $0.files == odd })
            for (digest, files) in all { #expect(try plans.files(digest, in: "d") == files) }
            #expect(try Program(["git", "-C", path, "fsck", "--strict"], isJoined: true).run().status == 0)
        }
    }

    @Test func aPlanWrittenTwiceIsWrittenOnce() async throws {
        try await withStore { store, _ in
            let plans = PlanStore(store)
            let planning = try await planning()
            let first = try plans.write(planning.documents, planning.header)
            let second = try plans.write(planning.documents, planning.header)
            #expect(first.isNew && !second.isNew)
            #expect(first.snapshot.commit == second.snapshot.commit)
        }
    }

    @Test func digestsDistinguishDifferentInputs() async throws {
        let inputs = { (change: (inout SmallPlan) -> Void) throws -> Digest in
            var small = SmallPlan()
            small.rest = "packages: [fmt]\naccept-failures: [{cells: '*/*/fmt', reason: known, expires: 2026-12-31}]"
            change(&small)
            return try small.inputs().digest
        }
        let usual = try inputs { _ in }
        #expect(try inputs { _ in } == usual)
        #expect(try inputs { $0.today = "2026-12-30" } == usual, "nothing has expired yet")
        #expect(try inputs { $0.today = "2027-01-01" } != usual)
        #expect(try inputs { $0.rest = "packages: [zarith]" } != usual)
        #expect(try inputs { $0.environment = Digest(of: "another") } != usual)
        #expect(try inputs { $0.plugin.version = "2" } != usual)
        #expect(try inputs { $0.opamFiles["fmt.0.9.0"] = "" } != usual)
        var small = SmallPlan()
        small.rest = "packages: [fmt]\naccept-failures: [{cells: '*/*/fmt', reason: known, expires: 2026-12-31}]"
        #expect(try await small.planning().header.inputs == usual)
    }

    @Test func theTreeDoesNotDependOnWhatWasThereBefore() async throws {
        let planning = try await planning()
        let fresh = try await withStore { store, _ in
            try PlanStore(store).write(planning.documents, planning.header)
            return try store.snapshot(PlanLayout.branch("d")).tree
        }
        let changed = try await withStore { store, _ in
            let plans = PlanStore(store)
            let other = try await self.planning { small in
                small.opamFiles["fmt.0.9.0"] = nil
                small.opamFiles["cmdliner.2.0"] = #"depends: [ "ocaml" ]"#
                small.targets = "[debian-12, archlinux]"
            }
            let old = try plans.write(other.documents, other.header)
            try plans.write(planning.documents, planning.header)
            let revision = try #require(old.snapshot.commit).description
            #expect(try await plans.load("d", at: revision) == other.plan, "the history has it")
            return try store.snapshot(PlanLayout.branch("d")).tree
        }
        #expect(fresh == changed)
    }

    @Test func deploymentsShareTheirJobs() async throws {
        let one = try await planning()
        let other = try await planning { small in
            small.rest = "packages: [astring, zarith]\nlimits: {time: 1h}"
            small.compilers = "[5.3.0]"
        }
        #expect(try !other.plan.jobs.isEmpty)
        #expect(try Set(other.plan.jobs.keys).isSubset(of: one.plan.jobs.keys))
    }

    @Test func cellsChangedSinceTheLastRunAreFound() async throws {
        try await withStore { store, _ in
            let plans = PlanStore(store)
            var commits: [[Plan.Repository]] = []
            for version in ["1.3.0", "1.3.1", "1.3.2"] {
                let planning = try await planning { $0.opamFiles["cmdliner.\(version)"] = #"depends: [ "ocaml" ]"# }
                try plans.write(planning.documents, planning.header)
                commits.append(planning.header.repositories)
            }
            #expect(try plans.changes(of: "d") { _ in false }.isEmpty, "nothing was ever run")
            #expect(try plans.changes(of: "d") { $0 == commits[2] }.isEmpty, "only this plan was run")
            let changed = try plans.changes(of: "d") { $0 == commits[0] || $0 == commits[2] }
            let names = Set(changed.map(\.package.description))
            #expect(names == ["cmdliner.1.3.2", "alcotest.1.8.0", "astring.0.8.5"], "what is built or tested over it")
        }
    }
}

/// The differences between two plans that `ci plan` prints.
@Suite struct PlanDifferenceTests {
    private func planning(_ change: (inout SmallPlan) -> Void = { _ in }) async throws -> PlanOutput {
        var small = SmallPlan()
        small.rest = "packages: [cmdliner, alcotest, zarith, old, fmt]"
        change(&small)
        return try await small.planning()
    }

    private func difference(_ old: PlanOutput, _ new: PlanOutput) async throws -> PlanDifference {
        try await PlanDifference(from: old.documents, to: new.documents, new.header)
    }

    @Test func equalPlansDoNotDiffer() async throws {
        let planning = try await planning()
        let difference = try await difference(planning, planning)
        #expect(difference.isEmpty && difference.unchanged == planning.header.cells)
        #expect(difference.sharedJobs == planning.header.jobs && difference.newJobs == 0 && difference.goneJobs == 0)
    }

    @Test func everyKindOfChangeIsReported() async throws {
        let old = try await planning()
        let new = try await planning { small in
            small.opamFiles["cmdliner.2.0.0"] = #"depends: [ "ocaml" ]"#
            small.opamFiles["old.1.0"] = #"depends: [ "ocaml" ]"#
            small.opamFiles["zarith.1.14"] = #"depends: [ "nowhere" ]"#
            small.rest = "packages: [cmdliner, alcotest, zarith, old, astring]"
        }
        let difference = try await difference(old, new)
        let name = { (text: String) in Cell("debian-12/5.3.0/\(text)")! }
        #expect(
            difference.versionChanged == [.init(from: name("cmdliner.1.3.0"), to: name("cmdliner.2.0.0"))])
        #expect(difference.becameSolvable == [name("old.1.0")])
        #expect(difference.becameUnsolvable == [name("zarith.1.14")])
        #expect(difference.rebuilt == [name("alcotest.1.8.0")])
        #expect(difference.new == [name("astring.0.8.5")])
        #expect(difference.gone == [name("fmt.0.9.0")])
        #expect(difference.unchanged == 0)
    }

    @Test func plansInAStoreDifferAsPlansInMemoryDo() async throws {
        let directory = try TemporaryDirectory()
        let plans = PlanStore(try Store(at: directory.path))
        let old = try await planning()
        let new = try await planning { $0.opamFiles["cmdliner.2.0.0"] = #"depends: [ "ocaml" ]"# }
        let expected = try await difference(old, new)
        #expect(!expected.isEmpty && expected.newJobs > 0 && expected.goneJobs > 0)
        let before = PlanDocuments(base: try plans.write(old.documents, old.header).snapshot)
        #expect(try await PlanDifference(from: before, to: new.documents, new.header) == expected)
        let after = PlanDocuments(base: try plans.write(new.documents, new.header).snapshot)
        #expect(try await PlanDifference(from: before, to: after, new.header) == expected)
        #expect(try await PlanDifference(from: old.documents, to: after, new.header) == expected)
    }
}
