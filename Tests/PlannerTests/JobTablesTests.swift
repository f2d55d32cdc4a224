import Core
import Foundation
import Git
import Model
import Store
import TestSupport
import Testing

@testable import Planner
@testable import Records

/// Jobs of a plan in the cache equal those in the store.
@Suite struct JobTablesTests {
    private let directory: TemporaryDirectory
    private let plans: PlanStore
    private var tables: JobTables { JobTables(directory("tables")) }
    private var files: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: directory("tables")).map { directory("tables/\($0)") }
        }
    }

    init() throws {
        directory = try TemporaryDirectory()
        plans = PlanStore(try Store(at: directory("store")))
    }

    /// Plans packages with tests, limits and system packages, and writes the plan.
    private func planned(_ change: (inout SmallPlan) -> Void = { _ in }) async throws -> Plan {
        var small = SmallPlan()
        small.compilers = "[5.3.0, 4.14.2]"
        small.rest = "packages: all\nwith-test: true\nlimits: {time: 1h, packages: {fmt: {memory: 1GiB}}}"
        change(&small)
        let planning = try await small.planning()
        try plans.write(planning.documents, planning.header)
        return try #require(try await plans.load("d"))
    }

    @Test func keptJobsAreThoseOfThePlan() async throws {
        let plan = try await planned()
        #expect(plan.jobs.count > 20)
        let tree = try #require(try plans.documents("d").jobTree())
        #expect(tables.jobs(of: tree) == nil && !tables.has(tree))
        try plans.keep(plan.jobs, of: "d", in: tables)
        #expect(tables.jobs(of: tree) == plan.jobs && tables.has(tree))
    }

    @Test func jobsInTheCacheAreNotReadFromTheStore() async throws {
        let plan = try await planned()
        let documents = try plans.documents("d")
        let tree = try #require(try documents.jobTree())
        var jobs = plan.jobs
        let id = try #require(jobs.keys.first)
        jobs[id]?.package = PackageVersion(name: "invented", version: "1")
        tables.keep(jobs, of: tree)
        #expect(try await documents.plan(jobs: tables)?.jobs == jobs)
    }

    @Test func jobsOfAnotherPlanAreNotKept() async throws {
        let plan = try await planned()
        _ = try await planned { $0.opamFiles["cmdliner.2.0.0"] = #"depends: [ "ocaml" ]"# }
        try plans.keep(plan.jobs, of: "d", in: tables)
        #expect(!FileManager.default.fileExists(atPath: directory("tables")))
    }

    /// A job may name an input that the plan does not have, if the store was changed by hand.
    @Test func inputsWithoutAJobAreKept() async throws {
        var jobs = try await planned().jobs
        let tree = try #require(try plans.documents("d").jobTree())
        let input = try #require(jobs.values.lazy.flatMap(\.inputs).first)
        jobs[input] = nil
        tables.keep(jobs, of: tree)
        #expect(tables.jobs(of: tree) == jobs)
    }

    @Test func damagedTablesAreIgnoredAndReplaced() async throws {
        let plan = try await planned()
        let documents = try plans.documents("d")
        let tree = try #require(try documents.jobTree())
        try plans.keep(plan.jobs, of: "d", in: tables)
        let file = try #require(try files.first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        var broken = [Data(), whole.prefix(40), whole.dropLast()]
        for offset in [3, 70, 130, whole.count / 2, whole.count - 1] {
            var flipped = whole
            flipped[offset] ^= 1
            broken.append(flipped)
        }
        for bytes in broken {
            try bytes.write(to: URL(fileURLWithPath: file))
            #expect(tables.jobs(of: tree) == nil)
            #expect(try await documents.plan(jobs: tables) == plan)
        }
        try plans.keep(plan.jobs, of: "d", in: tables)
        #expect(tables.jobs(of: tree) == plan.jobs)
    }

    @Test func aTableIsOfOneTree() async throws {
        let plan = try await planned()
        let tree = try #require(try plans.documents("d").jobTree())
        tables.keep(plan.jobs, of: tree)
        _ = try await planned { $0.opamFiles["cmdliner.2.0.0"] = #"depends: [ "ocaml" ]"# }
        let other = try #require(try plans.documents("d").jobTree())
        let file = try #require(try files.first)
        try FileManager.default.copyItem(
            atPath: file, toPath: file.replacingOccurrences(of: "\(tree)", with: "\(other)"))
        #expect(other != tree && tables.jobs(of: other) == nil)
    }

    @Test func onlyTheNewestTablesAreKept() async throws {
        let jobs = try await planned().jobs
        for number in 0..<20 { tables.keep(jobs, of: ObjectID(hashing: .blob, [UInt8(number)])) }
        #expect(try files.count == 8)
    }
}
