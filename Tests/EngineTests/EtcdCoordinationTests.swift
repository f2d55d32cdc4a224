import Agent
import Core
import Etcd
import Model
import Records
import Store
import TestSupport
import Testing

@testable import Engine

/// A dispatcher and workers that share the directory of a store and coordinate by etcd.
@Suite(.enabled(if: EtcdCluster.isInstalled, "needs etcd and etcdctl"))
struct EtcdCoordinationTests {
    private static let graph: [(name: String, over: [String])] = [
        ("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"]), ("e", []), ("f", ["e"]),
    ]
    private static let once = Dictionary(uniqueKeysWithValues: graph.map { ($0.name, 1) })

    private func fixture(_ cluster: EtcdCluster) throws -> JobGraphFixture {
        let endpoints = cluster.endpoints
        return try JobGraphFixture(Self.graph) { EtcdEphemeralValues(EtcdSettings(endpoints: endpoints)) }
    }

    @Test func workersShareTheWork() async throws {
        let cluster = try await EtcdCluster()
        let fixture = try fixture(cluster)
        let workers = try [fixture.worker(), fixture.worker(.test(slots: 1))]
        try await fixture.run(slots: 0)
        #expect(fixture.takeExecuted() == Self.once && fixture.ranTwiceAtOnce == [])
        let commits = try git("log", "--format=%s", "results/d/t", at: fixture.directory.path).split(separator: "\n")
        #expect(commits.count == Self.graph.count, "each result is recorded once: \(commits)")
        for worker in workers {
            worker.drain()
            #expect(await worker.end() == .left)
        }
        let left = try fixture.store().ephemeral.values(below: nil)
        #expect(left.isEmpty, "\(left.keys)")
        let files = try WorkerStore(opening: fixture.directory.path).ephemeral.values(below: nil)
        #expect(files.isEmpty, "nothing was in the store's files")
    }

    /// Etcd loses all its data during a run: recorded results remain, a worker registers again, and the next run does
    /// the rest.
    @Test func anErasedEtcdLosesNoResult() async throws {
        let cluster = try await EtcdCluster()
        let fixture = try fixture(cluster)
        fixture.hold("b")
        fixture.hold("c")
        let worker = try fixture.worker(.test(slots: 4), heartbeat: .milliseconds(100))
        let first = Task { try await fixture.run(slots: 0) }
        try await waitUntil("b and c run") { fixture.running == ["b", "c"] }
        try await waitUntil("the rest is recorded") { try fixture.outcomes().count == 3 }
        cluster.kill(0)
        try cluster.erase(0)
        try cluster.start(0)
        try await cluster.waitForLeader()
        fixture.release("b")
        fixture.release("c")
        #expect(await worker.end() == .lost(.ready))
        await #expect(throws: Failure.self, "its lease has ended") { try await first.value }
        #expect(try fixture.outcomes().count >= 3, "what is recorded stays")
        let second = try fixture.worker()
        try await fixture.run(slots: 0)
        #expect(try fixture.outcomes() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, .success) }))
        let executed = fixture.takeExecuted()
        #expect(executed.values.allSatisfy { $0 <= 2 } && fixture.ranTwiceAtOnce == [], "\(executed)")
        let commits = try git("log", "--format=%s", "results/d/t", at: fixture.directory.path).split(separator: "\n")
        #expect(commits.count == Self.graph.count, "each result is recorded once: \(commits)")
        second.drain()
        await second.end()
    }
}
