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
        changes.assign([1], at: "a/99")
        var steps: [[StorePath: EphemeralChange]] = []
        while !changes.isEmpty { steps.append(changes.next()) }
        #expect(steps.map(\.count) == [90, 90, 20], "what belongs together is in one step")
        #expect(steps[0].values.allSatisfy { $0.bytes == nil })
        #expect(steps[2]["a/99"]?.bytes == [1], "the later change of a value counts")
        #expect(steps[2]["r/99"]?.expecting == .version(1))
    }

    /// The dispatcher removes all values of a job together; its worker does not have to.
    @Test func assignmentReportAndClaimGoInOneStep() async throws {
        let values = RecordedChanges(MemoryEphemeralValues())
        let graph = (0..<20).map { (name: "j\($0)", over: $0 < 10 ? [] : ["j\($0 - 10)"]) }
        let world = try StoredWorld(graph) { values }
        try await world.run(slots: 3)
        #expect(try world.outcomes().values.filter { $0 == .success }.count == 20)
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
