import Core
import Documents
import Foundation
import Git
import Matrix
import Store
import Testing

@testable import Planner

/// Plans come out of a store as they were put in.
@Suite struct PlanStoreTests {
    private func withStore<Result>(_ body: (Store, String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "plans-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(Store(at: path), path)
    }

    private func planning(_ change: (inout SmallPlan) -> Void = { _ in }) async throws -> Planning {
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
            try plans.write(planning.plan, files: planning.files)
            #expect(try plans.load("d") == planning.plan)
            for (digest, files) in planning.files {
                #expect(try plans.files(digest, in: "d") == files)
            }
            #expect(try plans.outline("d") == PlanOutline(planning.plan))
            #expect(try plans.load("e") == nil)
            #expect(try plans.outline("e") == nil)
        }
    }

    @Test func aPlanWrittenTwiceIsWrittenOnce() async throws {
        try await withStore { store, _ in
            let plans = PlanStore(store)
            let planning = try await planning()
            let first = try plans.write(planning.plan, files: planning.files)
            let second = try plans.write(planning.plan, files: planning.files)
            #expect(first.isNew && !second.isNew)
            #expect(first.commit == second.commit)
        }
    }

    @Test func equalInputsAreKnownAndOthersAreOthers() async throws {
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
        try await withStore { store, _ in
            let planning = try await planning()
            let plans = PlanStore(store)
            #expect(try plans.inputs("d") == nil)
            let commit = try plans.write(planning.plan, files: planning.files, inputs: usual).commit
            #expect(try plans.inputs("d")?.digest == usual)
            #expect(try plans.inputs("d")?.commit == commit)
        }
    }

    @Test func theTreeDoesNotDependOnWhatWasThereBefore() async throws {
        let planning = try await planning()
        let fresh = try await withStore { store, _ in
            try PlanStore(store).write(planning.plan, files: planning.files)
            return try store.snapshot(PlanLayout.branch("d")).tree
        }
        let changed = try await withStore { store, _ in
            let plans = PlanStore(store)
            let other = try await self.planning { small in
                small.opamFiles["fmt.0.9.0"] = nil
                small.opamFiles["cmdliner.2.0"] = #"depends: [ "ocaml" ]"#
                small.targets = "[debian-12, archlinux]"
            }
            let old = try plans.write(other.plan, files: other.files)
            try plans.write(planning.plan, files: planning.files)
            let revision = try #require(old.commit).description
            #expect(try plans.load("d", at: revision) == other.plan, "the history has it")
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
        #expect(!other.plan.jobs.isEmpty)
        #expect(Set(other.plan.jobs.keys).isSubset(of: one.plan.jobs.keys))
    }
}

/// What `ci plan` tells of two plans.
@Suite struct PlanDifferenceTests {
    private func plan(_ change: (inout SmallPlan) -> Void = { _ in }) async throws -> Plan {
        var small = SmallPlan()
        small.rest = "packages: [cmdliner, alcotest, zarith, old, fmt]"
        change(&small)
        return try await small.planning().plan
    }

    @Test func equalPlansDoNotDiffer() async throws {
        let plan = try await plan()
        let difference = PlanDifference(from: PlanOutline(plan), to: PlanOutline(plan))
        #expect(difference.isEmpty && difference.unchanged == plan.cells.count)
        #expect(difference.sharedJobs == plan.jobs.count && difference.newJobs == 0 && difference.goneJobs == 0)
    }

    @Test func everyKindOfChangeIsTold() async throws {
        let old = try await plan()
        let new = try await plan { small in
            small.opamFiles["cmdliner.2.0.0"] = #"depends: [ "ocaml" ]"#
            small.opamFiles["old.1.0"] = #"depends: [ "ocaml" ]"#
            small.opamFiles["zarith.1.14"] = #"depends: [ "nowhere" ]"#
            small.rest = "packages: [cmdliner, alcotest, zarith, old, astring]"
        }
        let difference = PlanDifference(from: PlanOutline(old), to: PlanOutline(new))
        let name = { (text: String) in Cell("debian-12/5.3.0/\(text)")! }
        #expect(
            difference.versionChanged == [.init(from: name("cmdliner.1.3.0"), to: name("cmdliner.2.0.0"))])
        #expect(difference.becameSolvable == [name("old.1.0")])
        #expect(difference.becameUnsolvable == [name("zarith.1.14")])
        #expect(difference.rebuilt == [name("alcotest.1.8.0")])
        #expect(difference.new == [name("astring.0.8.5")])
        #expect(difference.gone == [name("fmt.0.9.0")])
    }
}
