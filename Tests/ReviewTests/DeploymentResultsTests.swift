import Core
import Model
import Records
import Review
import RunnerInterface
import Store
import Synchronization
import System
import Testing

/// The queries of front ends about a deployment, without a command line.
@Suite struct DeploymentResultsTests {
    private func states(_ results: DeploymentResults, _ selector: String = "*") throws -> [String: String] {
        let states = try results.states(picked: [Selector(parsing: selector)])
        return Dictionary(uniqueKeysWithValues: states.map { ($0.cell.description, $0.words) })
    }

    @Test func cellsWithoutAVerdictArePending() async throws {
        let deployment = try RecordedDeployment()
        try await deployment.record("5.3.0/fmt", .success)
        try await deployment.record("5.3.0/lwt", .failure) { $0.phase = .build }
        let results = try deployment.results()
        #expect(
            try states(results, "*/5.3.0/*") == [
                "debian-12/5.3.0/dune.1": "pending", "debian-12/5.3.0/fmt.1": "success",
                "debian-12/5.3.0/lwt.1": "failure in build", "debian-12/5.3.0/tested.1": "pending",
            ])
        #expect(try states(results, "outcome:failure").count == 1)
        #expect(try DeploymentStatus.all(in: deployment.store).first?.targets.first?.states["pending"] == 6)
        #expect(try results.overallState(picked: []) == .notGood)
        #expect(try results.overallState(picked: [Selector(parsing: "*/5.3.0/fmt")]) == .good)
    }

    @Test(arguments: [
        ("*/5.4.0/*", "there is no compiler '5.4.0' there"), ("*/*/lwd", "the plan has no package 'lwd'"),
        ("bedian-12/*/*", "there is no target 'bedian-12' there"),
    ])
    func aSelectorThatMatchesNothingIsAnInputError(selector: String, words: String) throws {
        let results = try RecordedDeployment().results()
        let failure = #expect(throws: Failure.self) { try results.check([Selector(parsing: selector)]) }
        #expect(failure?.category == .input)
        #expect(failure?.description.contains(words) == true, "\(failure as Any)")
        #expect(failure?.diagnostics.first?.hint != nil)
    }

    @Test(arguments: ["outcome:fail", "a/b/c/d", "", "color:red"]) func anInvalidSelectorIsAnInputError(text: String) {
        let failure = #expect(throws: Failure.self) { try Selector(parsing: text) }
        #expect(failure?.category == .input && failure?.diagnostics.first?.hint != nil)
    }

    @Test func columnsAndRevisionsAreCompared() async throws {
        let deployment = try RecordedDeployment()
        try await deployment.record("4.14.2/fmt", .success)
        try await deployment.record("5.3.0/fmt", .failure) { $0.phase = .build }
        let results = try deployment.results()
        func changes(_ before: String, _ after: String) throws -> [Difference.Change] {
            try results.difference(
                from: results.side(named: before), to: results.side(named: after), hasReasons: false
            ).changes
        }
        let columns = try changes("debian-12/4.14.2", "debian-12/5.3.0")
        #expect(columns.map(\.kind) == [.onlyOnB])
        #expect(columns.first?.cell.description == "debian-12/5.3.0/fmt.1")
        let revisions = try changes("results/d/debian-12~1", "results/d/debian-12")
        #expect(revisions.map(\.kind) == [.new])
        for name in ["debian-12/5.4.0", "debian-13", "e", "1", "run:1", "last", "plan:0123", "1999-01-01"] {
            let failure = #expect(throws: Failure.self) { try changes(name, "debian-12") }
            #expect(failure?.category == .input, "\(name)")
        }
    }

    /// Backends of a unikernel are columns as well.
    @Test func backendsAreCompared() async throws {
        let axis = ["dev@spt+Moon", "dev@xen+Moon", "dev@xen"].map(RecordedDeployment.unikernel)
        let deployment = try RecordedDeployment(others: RecordedDeployment.unikernels + axis)
        try await deployment.record(unikernel: "dev@hvt", .success)
        try await deployment.record(unikernel: "dev@spt", .failure)
        try await deployment.record(unikernel: "dev@spt+Moon", .failure)
        try await deployment.record(unikernel: "dev@xen+Moon", .success)
        let results = try deployment.results()
        func difference(_ before: String, _ after: String) throws -> Difference {
            try results.difference(
                from: results.side(named: before), to: results.side(named: after), hasReasons: false)
        }
        func changes(_ before: String, _ after: String) throws -> [String] {
            try difference(before, after).changes.map { "\($0.cell.package) \($0.kind.rawValue)" }
        }
        let column = "debian-12/5.3.0"
        #expect(
            try changes("\(column)@hvt", "\(column)@spt") == [
                "hello.dev@spt only on B", "hello.dev@spt+Moon not on A",
            ])
        #expect(try changes("\(column)@spt", "\(column)@hvt").first == "hello.dev@hvt only on A")
        // A backend covers the values of keys, and one with a value only this value.
        #expect(
            try changes("\(column)@spt", "\(column)@xen") == [
                "hello.dev@xen unknown", "hello.dev@xen+Moon only on A",
            ])
        #expect(try changes("\(column)@spt+Moon", "\(column)@xen+Moon") == ["hello.dev@xen+Moon only on A"])
        #expect(try changes("debian-12/*@hvt", "debian-12/*@spt").first == "hello.dev@spt only on B")
        // The larger side is restricted to the smaller one.
        let now = try difference("now", "\(column)@spt")
        #expect(now.compared == 2 && now.changes.isEmpty)
        #expect(try difference(column, "\(column)@hvt").compared == 1)
        for (before, after, words) in [
            ("\(column)@spd", column, "no unikernel of this column has the backend 'spd'"),
            ("debian-12/4.14.2@spt", column, "it has no unikernels"),
            ("debian-12/5.4.0@spt", column, "did you mean 'debian-12/5.3.0@spt'?"),
            ("debian-12/4.14.2", "\(column)@spt", "one is a column with all backends"),
        ] {
            let failure = #expect(throws: Failure.self) { try difference(before, after) }
            #expect(failure?.category == .input && failure?.description.contains(words) == true, "\(failure as Any)")
        }
        #expect(try results.state(picked: Selector(parsing: "hello@hvt")).outcome == .success)
    }

    @Test func onlyPendingCellsAreCancelled() async throws {
        let deployment = try RecordedDeployment()
        try await deployment.record("5.3.0/fmt", .success)
        let cancellation = try Cancellation(of: [Selector(parsing: "*/5.3.0/*")], in: deployment.results())
        #expect(cancellation.cells.map(\.cell.package.name) == ["dune", "lwt", "tested"])
        // An existing index makes a run faster.
        try await deployment.record("5.3.0/lwt", .success)
        try await cancellation.record()
        let states = try states(deployment.results(), "*/5.3.0/*")
        #expect(
            ["dune", "fmt", "lwt", "tested"].map { states["debian-12/5.3.0/\($0).1"] }
                == ["cancelled", "success", "success", "cancelled"])
        let failure = #expect(throws: Failure.self) {
            try Cancellation(of: [Selector(parsing: "*/5.3.0/fmt")], in: deployment.results())
        }
        #expect(failure?.description.contains("no pending cell matches the selector") == true)
    }

    @Test func aBlockedCellHasTheLogOfItsCause() async throws {
        let deployment = try RecordedDeployment()
        let log = try deployment.store.logs.put(Array("it broke\n".utf8))
        try await deployment.record("5.3.0/dune", .failure) { $0.log = log }
        try await deployment.record("5.3.0/fmt", .blocked) { $0.blockedBy = PackageVersion(name: "dune", version: "1") }
        let results = try deployment.results()
        let found = try results.log(of: results.state(picked: Selector(parsing: "*/5.3.0/fmt")))
        #expect(found.bytes == Array("it broke\n".utf8))
        #expect(found.title == "debian-12/5.3.0/dune.1, which blocks debian-12/5.3.0/fmt.1")
        let none = #expect(throws: Failure.self) {
            try results.log(of: results.state(picked: Selector(parsing: "*/5.3.0/lwt")))
        }
        #expect(none?.category == .input)
        let explanation = try results.explanation(of: Selector(parsing: "*/5.3.0/dune"))
        #expect(explanation.blocks.map(\.package.name) == ["fmt"])
    }

    @Test func aJobIsRequestedWithTheLayersOfItsInputs() async throws {
        let deployment = try RecordedDeployment()
        let selector = try Selector(parsing: "*/5.3.0/fmt")
        let early = #expect(throws: Failure.self) {
            try JobRequest(for: selector, .failed, in: deployment.results())
        }
        #expect(early?.description.contains("needs dune.1, which was not built in this store") == true)
        let layer = Digest(of: "layer")
        try await deployment.record("5.3.0/dune", .success) { $0.layer = layer }
        let request = try JobRequest(for: selector, .failed, in: deployment.results())
        #expect(request.id == deployment.jobs["5.3.0/fmt"] && request.inputs.map(\.layer) == [layer])
        let untested = #expect(throws: Failure.self) {
            try JobRequest(for: selector, .test, in: deployment.results())
        }
        #expect(untested?.category == .input)
    }

    @Test func onlyTheFailureThatTheMatrixNamesIsAccepted() async throws {
        let acceptance = Acceptance(phase: .build, signature: "Unbound module *", tracker: "https://example.org/1")
        let deployment = try RecordedDeployment(["dune"], acceptances: ["dune": acceptance])
        let fields: [(signature: String, state: OverallState, acceptance: AcceptanceState)] = [
            ("Unbound module Foo", .good, .holds), ("Unbound value foo", .notGood, .differs),
        ]
        try await deployment.record("4.14.2/dune", .success)
        for expected in fields {
            try await deployment.record("5.3.0/dune", .failure) {
                ($0.phase, $0.signature) = (.build, expected.signature)
            }
            let results = try deployment.results()
            let states = try results.states(picked: [])
            #expect(states.map(\.acceptance) == [.stale, expected.acceptance])
            #expect(states.map(\.tracker) == Array(repeating: "https://example.org/1", count: 2))
            #expect(results.overallState(of: nil) == expected.state)
            #expect(try results.status().targets.map(\.notGood) == [expected.state == .good ? 0 : 1])
        }
    }

    @Test func aFeedHasEveryVerdictFromNowOn() async throws {
        let deployment = try RecordedDeployment()
        try await deployment.record("5.3.0/dune", .success)
        let (verdicts, continuation) = AsyncStream.makeStream(of: CellResult.self)
        let feed = try ResultFeed(of: deployment.results()) { continuation.yield($0) }
        defer { feed.cancel() }
        // The watch may begin to look after this returns: record until something arrives.
        let recording = Task {
            var number = 0
            while !Task.isCancelled {
                number += 1
                try await deployment.record("5.3.0/fmt", .failure) { $0.reason = "\(number)" }
            }
        }
        for await verdict in verdicts {
            #expect(verdict.cell.package.name == "fmt" && verdict.outcome == .failure)
            break
        }
        recording.cancel()
        _ = await recording.result
    }
}
