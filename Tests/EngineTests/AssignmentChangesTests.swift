import Core
import Model
import Records
import Store
import Testing

@testable import Engine

/// How often a run changes ephemeral values.
@Suite struct AssignmentChangesTests {
    @Test func changesAreMadeInOrderAndInFewSteps() throws {
        var changes = AssignmentChanges()
        for number in 0..<100 {
            changes.remove([try StorePath("a/\(number)"): .anything, try StorePath("r/\(number)"): .version(1)])
        }
        var assignment = JobAssignment(
            attempt: 1, deployment: "d", request: Digest(of: "request"),
            cell: Cell(target: "t", compiler: "5", package: PackageVersion(name: "p", version: "1")), kind: .build,
            priority: 0)
        changes.assign(assignment, at: "a/99", part: 1)
        #expect(changes.bundled.map(\.path) == ["a/99"])
        let bundle = RequestWriter.Bundle(digest: Digest(of: "bundle"), parts: [0..<7, 7..<10])
        var steps: [[StorePath: EphemeralChange]] = []
        while !changes.isEmpty { steps.append(try changes.next(bundle)) }
        #expect(steps.map(\.count) == [90, 90, 20], "what belongs together is in one step")
        #expect(steps[0].values.allSatisfy { $0.bytes == nil })
        (assignment.bundle, assignment.offset, assignment.size) = (bundle.digest, 7, 3)
        let written = try #require(steps[2]["a/99"]?.bytes, "the later change of a value counts")
        #expect(EphemeralDocument.decode(JobAssignment.self, from: written) == assignment)
        #expect(steps[2]["r/99"]?.expecting == .version(1))
    }

    /// The dispatcher removes all values of a job together; its worker does not have to.
    @Test func assignmentReportAndClaimGoInOneStep() async throws {
        let values = RecordedChanges(MemoryEphemeralValues())
        let graph = (0..<20).map { (name: "j\($0)", over: $0 < 10 ? [] : ["j\($0 - 10)"]) }
        let fixture = try JobGraphFixture(graph) { values }
        try await fixture.run(slots: 3)
        #expect(try fixture.outcomes().values.filter { $0 == .success }.count == 20)
        func paths(below prefix: StorePath, isRemoved: Bool) -> [Set<Digest>] {
            values.all.map { step in
                Set(
                    step.filter { $0.key.isInside(prefix) && ($0.value.bytes == nil) == isRemoved }
                        .compactMap { DispatchValues.job(in: $0.key) })
            }
        }
        let removed = [DispatchValues.assignments, DispatchValues.reports, DispatchValues.progress].map {
            paths(below: $0, isRemoved: true)
        }
        #expect(removed[0] == removed[1] && removed[1] == removed[2])
        #expect(removed[0].reduce(0) { $0 + $1.count } == 20, "each once")
        #expect(paths(below: DispatchValues.assignments, isRemoved: false).reduce(0) { $0 + $1.count } == 20)
    }
}
