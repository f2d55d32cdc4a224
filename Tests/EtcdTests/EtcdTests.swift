import Core
import Foundation
import HTTP
import Store
import Synchronization
import TestSupport
import Testing

@testable import Etcd

/// Properties of a real etcd only; `EphemeralValuesTests` tests those that all implementations share.
@Suite(.enabled(if: EtcdCluster.isInstalled && Program.areInstalled("openssl"), "needs etcd, etcdctl and openssl"))
struct EtcdTests {
    private func settings(
        _ cluster: EtcdCluster, _ authority: CertificateAuthority? = nil,
        _ identity: CertificateAuthority.Identity? = nil
    ) -> EtcdSettings {
        var settings = EtcdSettings(endpoints: cluster.endpoints)
        settings.http.authorities = authority?.certificates
        settings.http.certificate = identity?.certificate
        settings.http.key = identity?.key
        return settings
    }

    private func kind(_ body: () throws -> Void) -> EtcdError.Kind? {
        let error = #expect(throws: (any Error).self, performing: body)
        return (error as? EtcdError)?.kind
    }

    private func claim(_ values: EtcdEphemeralValues, _ path: StorePath, _ owner: EphemeralOwner? = nil) throws
        -> UInt64?
    {
        try values.set([1], at: path, owner: owner, lifetime: nil, expecting: .absent)
    }

    /// Three members with certificates lose their leader while claims are made; every claim is won once.
    @Test func claimsSurviveTheLossOfTheLeader() async throws {
        let authority = try CertificateAuthority()
        let cluster = try await EtcdCluster(members: 3, authority: authority)
        let values = EtcdEphemeralValues(settings(cluster, authority, try authority.issue("client")))
        let owner = try values.join("worker")
        let seen = Mutex<Set<StorePath>>([])
        let watch = values.watch(below: "claims") { state in seen.withLock { $0 = Set(state.keys) } }
        for number in 0..<60 {
            if number == 20 { try cluster.kill(cluster.leader()) }
            let path = try StorePath("claims/\(number)")
            #expect(try claim(values, path, owner) != nil, "claim \(number)")
            #expect(try claim(values, path, owner) == nil, "claim \(number) is taken")
        }
        try await waitUntil("the watch has seen all claims") { seen.withLock { $0.count == 60 } }
        owner.leave()
        try await waitUntil("the watch has seen them end") { seen.withLock { $0.isEmpty } }
        watch.cancel()
    }

    @Test func causesAreDistinguished() async throws {
        let authority = try CertificateAuthority()
        let cluster = try await EtcdCluster(members: 3, authority: authority)
        let good = settings(cluster, authority, try authority.issue("client"))
        func kind(_ settings: EtcdSettings) -> EtcdError.Kind? {
            self.kind { _ = try EtcdEphemeralValues(settings).value(at: "a") }
        }
        #expect(try EtcdEphemeralValues(good).value(at: "a") == nil)
        let report = try EtcdEphemeralValues(good).probe()
        #expect(report.contains(", 3 members; values can be written"), "\(report)")
        #expect(try EtcdEphemeralValues(good).values(below: nil).isEmpty)
        #expect(kind(settings(cluster, authority)) == .certificate, "no certificate")
        #expect(kind(settings(cluster, authority, try authority.issue("late", days: -1))) == .certificate)
        #expect(kind(settings(cluster)) == .certificate, "an unknown authority")
        var broken = good
        broken.http.key = "/dev/null/key"
        #expect(kind(broken) == .credentials)
        cluster.kill(0)
        #expect(try EtcdEphemeralValues(good).probe().contains("no response from \(cluster.endpoints[0])"))
        cluster.kill(1)
        #expect(kind(good) == .lostQuorum)
        cluster.kill(2)
        #expect(kind(good) == .unreachable)
        for kind in [EtcdError.Kind.certificate, .credentials, .lostQuorum, .unreachable, .noSpace, .authentication] {
            #expect(EtcdError(kind, "").hint != nil, "\(kind) has a remedy")
        }
    }

    @Test func aFullDatabaseIsAnErrorOfItsOwn() async throws {
        let cluster = try await EtcdCluster(options: ["--quota-backend-bytes", "\(1 << 20)"])
        let values = EtcdEphemeralValues(settings(cluster))
        let owner = try values.join("worker")
        let piece = [UInt8](repeating: 1, count: 200_000)
        #expect(
            kind {
                for _ in 0..<100 {
                    _ = try values.set(piece, at: "a", owner: owner, lifetime: nil, expecting: .anything)
                }
            } == .noSpace)
        #expect(kind { _ = try values.join("other") } == .noSpace)
        #expect(try values.value(at: "a") != nil, "reading goes on")
        #expect(try values.remove("a", expecting: .anything), "and so does removing")
    }

    @Test func usersAuthenticateByPassword() async throws {
        let cluster = try await EtcdCluster()
        try cluster.control("user", "add", "root:secret")
        try cluster.control("user", "grant-role", "root", "root")
        try cluster.control("user", "add", "stranger:secret")
        try cluster.control("auth", "enable")
        func values(_ user: String?, _ password: String) -> EtcdEphemeralValues {
            var settings = settings(cluster)
            settings.user = user
            settings.password = password
            return EtcdEphemeralValues(settings)
        }
        let known = values("root", "secret")
        let owner = try known.join("worker")
        #expect(try claim(known, "a", owner) != nil)
        #expect(kind { _ = try values("root", "wrong").value(at: "a") } == .authentication)
        #expect(kind { _ = try values(nil, "").value(at: "a") } == .authentication)
        #expect(kind { _ = try claim(values("stranger", "secret"), "b") } == .authentication, "no permission")
        // The tokens of a member end with it.
        cluster.kill(0)
        try cluster.start(0)
        #expect(try claim(known, "b", owner) != nil)
    }

    @Test func aWatchWithCompactedHistoryListsAgain() async throws {
        let cluster = try await EtcdCluster()
        let values = EtcdEphemeralValues(settings(cluster))
        let seen = Mutex<[[UInt8]]>([])
        let watch = values.watch(below: "p") { state in seen.withLock { $0.append(state["p/x"]?.bytes ?? []) } }
        func set(_ byte: UInt8) throws {
            _ = try values.set([byte], at: "p/x", owner: nil, lifetime: nil, expecting: .anything)
        }
        try set(1)
        try await waitUntil("the watch has begun") { seen.withLock { $0.last == [1] } }
        cluster.kill(0)
        try cluster.start(0)
        for byte in 2...9 as ClosedRange<UInt8> { try set(byte) }
        let revision = try #require(try values.value(at: "p/x")).version
        try cluster.control("compact", "\(revision)")
        try await waitUntil("the watch goes on") { seen.withLock { $0.last == [9] } }
        let gateway = EtcdGateway(settings(cluster))
        let old = EtcdMessages.WatchRequest(
            create_request: .init(key: Data("ciso/".utf8), range_end: Data("ciso0".utf8), start_revision: "2"))
        #expect(
            kind {
                let watch = EtcdWatch(gateway, EtcdKeys(root: "ciso/"), below: nil, listing: { ([:], 0) }) { _ in }
                try gateway.stream(
                    "watch", old, limit: .seconds(60), cancellation: HTTPCancellation(), receive: watch.receive)
            } == .compacted)
        watch.cancel()
    }

    /// Work continues without the data of etcd: owners register again, watches deliver the current state.
    @Test func anErasedEtcdIsJoinedAgain() async throws {
        let cluster = try await EtcdCluster()
        let values = EtcdEphemeralValues(settings(cluster))
        let seen = Mutex<[StorePath: EphemeralValue]?>(nil)
        let watch = values.watch(below: nil) { state in seen.withLock { $0 = state } }
        let owner = try values.join("worker")
        for number in 0..<20 { #expect(try claim(values, StorePath("a/\(number)"), owner) != nil) }
        try await waitUntil("the watch has seen them") { seen.withLock { $0?.count == 20 } }
        cluster.kill(0)
        try cluster.erase(0)
        try cluster.start(0)
        try await cluster.waitForLeader()
        #expect(kind { _ = try claim(values, "a/0", owner) } == .leaseLost)
        let new = try values.join("worker")
        #expect(try claim(values, "a/0", new) != nil)
        try await waitUntil("the watch shows the new state") { seen.withLock { $0.map { Array($0.keys) } == ["a/0"] } }
        watch.cancel()
    }

    /// A killed process renews nothing.
    @Test func valuesOfAnOwnerEndWithItsLease() async throws {
        let cluster = try await EtcdCluster()
        let values = EtcdEphemeralValues(settings(cluster))
        let lease = try EtcdLease.grant(seconds: 2, EtcdGateway(settings(cluster)))
        try cluster.control("put", "--lease", String(Int64(lease)!, radix: 16), "ciso/a", "worker 1\nx")
        #expect(try values.value(at: "a")?.bytes == Array("x".utf8))
        try await waitUntil("the value ends") { try values.value(at: "a") == nil }
    }

    @Test func manyValuesAreListedByPages() async throws {
        let cluster = try await EtcdCluster()
        let values = EtcdEphemeralValues(settings(cluster))
        var paths: Set<StorePath> = []
        for number in 0..<40 {
            let path = try StorePath("p/\(number)")
            paths.insert(path)
            _ = try claim(values, path)
        }
        for other in ["p-1", "p.1", "p0", "q"] as [StorePath] { _ = try claim(values, other) }
        #expect(try Set(values.listing(below: "p", pageSize: 7).values.keys) == paths)
        #expect(try values.values(below: nil).count == 44)
        try cluster.control("put", "cisp", "another program's")
        #expect(try Set(values.values(below: "p").keys) == paths)
    }

    /// Values of other programs below the prefix have no owner of ciso's; keys that are no paths are skipped.
    @Test func valuesOfOtherProgramsClaimNothing() async throws {
        let cluster = try await EtcdCluster()
        let values = EtcdEphemeralValues(settings(cluster))
        let owner = try values.join("worker")
        for (key, value) in [("a", "no line"), ("b", "two words\nx"), ("c", ""), ("/d", "x"), ("e\u{1}", "x")] {
            try cluster.control("put", "ciso/\(key)", value)
        }
        try cluster.control("put", "ciso", "x")
        let found = try values.values(below: nil)
        #expect(found.mapValues { String(decoding: $0.bytes, as: UTF8.self) } == ["a": "no line", "b": "x", "c": ""])
        #expect(found.values.allSatisfy { $0.owner == nil })
        for path in found.keys {
            #expect(try claim(values, path) == nil, "there is a value")
            #expect(try values.set([1], at: path, owner: owner, lifetime: nil, expecting: .unclaimed) != nil)
        }
        let lease = try EtcdLease.grant(seconds: 60, EtcdGateway(settings(cluster)))
        try cluster.control("put", "--lease", String(Int64(lease)!, radix: 16), "ciso/leased", "another program's")
        #expect(try values.value(at: "leased")?.owner != nil, "it ends with its lease")
        #expect(try values.set([1], at: "leased", owner: owner, lifetime: nil, expecting: .unclaimed) == nil)
    }
}
