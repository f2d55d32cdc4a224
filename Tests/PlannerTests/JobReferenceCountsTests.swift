import Core
import Model
import Testing

@testable import Planner

/// The state of the jobs of an updated plan equals that of a full plan.
@Suite struct JobReferenceCountsTests {
    @Test(arguments: IncrementalPlanTests.changes)
    func usesDoNotDependOnThePlanBefore(package: String, opam: String?) async throws {
        let planned = try PlannedStore()
        var small = SmallPlan()
        small.rest = "packages: all\nwith-test: true"
        try await planned.plan(small.inputs())
        small.opamFiles[package] = opam
        guard let fresh = try? await small.planning() else { return }
        let over = try await Planner(small.inputs()).plan(over: planned.base())
        let (made, expected) = (over.memory.jobs, fresh.memory.jobs)
        #expect(made.jobs == expected.jobs && made.packages == expected.packages && made.files == expected.files)
        #expect(inputs(made) == inputs(expected))
        #expect(made.isConsistent && expected.isConsistent)
    }

    /// The inputs of each job, sorted, because their order is irrelevant.
    private func inputs(_ uses: JobUses) -> [[Int32]] {
        (0..<uses.inputs.count).map { uses.inputs.elements[uses.inputs.range($0)].sorted() }
    }

    @Test func linksAreThoseOfTheDocuments() async throws {
        var small = SmallPlan()
        small.rest = "packages: all\nwith-test: true"
        let planning = try await small.planning()
        let (plan, uses) = (try planning.plan, planning.memory.jobs)
        #expect(uses.jobs.keys == plan.jobs.keys.sorted())
        for (index, key) in uses.jobs.keys.enumerated() {
            let job = try #require(plan.jobs[key])
            let inputs = uses.inputs.elements[uses.inputs.range(index)].map { uses.jobs.keys[Int($0)] }
            #expect(inputs.sorted() == job.inputs)
            #expect(uses.packages.keys[Int(uses.files[index])] == job.opam)
            let byJobs = plan.jobs.values.reduce(0) { $0 + $1.inputs.filter { $0 == key }.count }
            let byCells = plan.cells.reduce(0) { $0 + $1.basis.jobs.filter { $0 == key }.count }
            #expect(uses.jobs[key] == byJobs + byCells)
        }
    }

    @Test func anUnknownJobIsSeen() {
        var tally = JobReferenceCounts(JobUses(), adding: [])
        #expect(throws: JobReferenceCounts.UnknownJob.self) { try tally.retain([Digest(of: "a job")]) }
        #expect(throws: JobReferenceCounts.UnknownJob.self) { try tally.release([Digest(of: "a job")]) }
    }
}
