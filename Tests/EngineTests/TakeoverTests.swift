import Agent
import Core
import Model
import Records
import Store
import TestSupport
import Testing

@testable import Engine

/// State that a dispatcher takes over from a killed one.
@Suite struct TakeoverTests {
    /// A job whose failure would have to be confirmed is assigned with other parameters than most.
    @Test func aJobToConfirmIsAdopted() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        try await fixture.run()
        try await fixture.retry("a")
        #expect(fixture.takeExecuted() == ["a": 1])
        var plan = fixture.plan()
        plan.confirm = 2
        fixture.hold("a")
        let worker = try fixture.worker()
        let first = Task { [plan] in try await fixture.run(plan, slots: 0) }
        try await waitUntil("a runs") { fixture.running == ["a"] }
        first.cancel()
        _ = await first.result
        let second = Task { [plan] in try await fixture.run(plan, slots: 0) }
        let path = try DispatchValues.dispatcher(of: "d")
        let values = try fixture.store().ephemeral
        try await waitUntil("another one dispatches") { try values.value(at: path) != nil }
        fixture.release("a")
        try await second.value
        #expect(fixture.takeExecuted() == ["a": 1])
        #expect(fixture.begun == 2, "once before the retry, once since")
        worker.drain()
        await worker.end()
    }

    /// The request of a dispatcher's own worker was never written, but its report counts, unless the job would now have
    /// other input layers.
    @Test(arguments: [true, false]) func aReportOfAKilledProcessIsRecorded(hasSameInputs: Bool) async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        try await fixture.run(only: "a")
        let plan = fixture.plan()
        let (a, b) = (try #require(fixture.ids["a"]), try #require(fixture.ids["b"]))
        let result = try #require(try fixture.results()["a"])
        let layer = hasSameInputs ? try #require(result.layer) : Digest(of: "another layer")
        var layers = InputLayers()
        layers.set(layer, of: a, over: try #require(result.base))
        let base = try #require(layers.base(of: fixture.jobs[b]!))
        let blobs = MemoryBlobs()
        var writer = RequestWriter(ProcessBlobs(blobs, plan), plan) { _ in PackageFiles(opam: []) }
        let request = try writer.request(
            b, RequestWriter.Parameters(layers: [a: layer], base: base, target: plan.targets[0]), in: .process
        ).name
        #expect(blobs.bytes(of: request) == nil)
        let values = DispatchValues(try fixture.store().ephemeral)
        let assignment = JobAssignment(
            attempt: 1, deployment: "d", request: request, cell: fixture.cell("b"), kind: .build, priority: 0)
        try values.set(assignment, at: DispatchValues.assignment(of: b, to: "killed"), owner: nil)
        var report = ExecutionReport(
            attempt: 1, deployment: "d", worker: "killed", outcome: .success, duration: 0, finished: 1)
        (report.layer, report.base) = (Digest(of: "by the killed worker"), base)
        try values.set(report, at: DispatchValues.report(of: b, attempt: 1), owner: nil)
        #expect(fixture.takeExecuted() == ["a": 1])
        try await fixture.run()
        #expect(fixture.takeExecuted() == (hasSameInputs ? [:] : ["b": 1]))
        #expect(try fixture.results()["b"]?.layer == Digest(of: hasSameInputs ? "by the killed worker" : "b"))
        #expect(try values.all(ExecutionReport.self, below: DispatchValues.reports).isEmpty)
    }
}
