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

    private func world(_ cluster: EtcdCluster) throws -> StoredWorld {
        let endpoints = cluster.endpoints
        return try StoredWorld(Self.graph) { EtcdEphemeralValues(EtcdSettings(endpoints: endpoints)) }
    }

    @Test func workersShareTheWork() async throws {
        let cluster = try await EtcdCluster()
        let world = try world(cluster)
        let workers = try [world.worker(), world.worker(.test(slots: 1))]
        try await world.run(slots: 0)
        #expect(world.takeExecuted() == Self.once && world.ranTwiceAtOnce == [])
        let commits = try git("log", "--format=%s", "results/d/t", at: world.directory.path).split(separator: "\n")
        #expect(commits.count == Self.graph.count, "each result is recorded once: \(commits)")
        for worker in workers {
            worker.drain()
            #expect(await worker.end() == .left)
        }
        let left = try world.store().ephemeral.values(below: nil)
        #expect(left.isEmpty, "\(left.keys)")
        let files = try WorkerStore(opening: world.directory.path).ephemeral.values(below: nil)
        #expect(files.isEmpty, "nothing was in the store's files")
    }

    /// Etcd loses all its data during a run: recorded results remain, a worker registers again, and the next run does
    /// the rest.
    @Test func anErasedEtcdLosesNoResult() async throws {
        let cluster = try await EtcdCluster()
        let world = try world(cluster)
        world.hold("b")
        world.hold("c")
        let worker = try world.worker(.test(slots: 4), heartbeat: .milliseconds(100))
        let first = Task { try await world.run(slots: 0) }
        try await waitUntil("b and c run") { world.running == ["b", "c"] }
        try await waitUntil("the rest is recorded") { try world.outcomes().count == 3 }
        cluster.kill(0)
        try cluster.erase(0)
        try cluster.start(0)
        try await cluster.waitForLeader()
        world.release("b")
        world.release("c")
        #expect(await worker.end() == .lost)
        await #expect(throws: Failure.self, "its lease has ended") { try await first.value }
        #expect(try world.outcomes().count >= 3, "what is recorded stays")
        let second = try world.worker()
        try await world.run(slots: 0)
        #expect(try world.outcomes() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, .success) }))
        let executed = world.takeExecuted()
        #expect(executed.values.allSatisfy { $0 <= 2 } && world.ranTwiceAtOnce == [], "\(executed)")
        let commits = try git("log", "--format=%s", "results/d/t", at: world.directory.path).split(separator: "\n")
        #expect(commits.count == Self.graph.count, "each result is recorded once: \(commits)")
        second.drain()
        await second.end()
    }
}
