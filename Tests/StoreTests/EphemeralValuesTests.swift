import Etcd
import Foundation
import Store
import TestSupport
import Testing

/// The requirements on every implementation of `EphemeralValues`.
struct EphemeralValuesTests {
    enum Implementation {
        case files, memory, etcd

        static let allCases: [Self] = [.files, .memory] + (EtcdCluster.isInstalled ? [.etcd] : [])
    }

    private func with(
        _ implementation: Implementation, _ body: (any EphemeralValues) async throws -> Void
    ) async throws {
        switch implementation {
        case .memory: try await body(MemoryEphemeralValues())
        case .etcd:
            let cluster = try await EtcdCluster()
            try await body(EtcdEphemeralValues(EtcdSettings(endpoints: cluster.endpoints)))
        case .files:
            try await withAsyncDirectory { directory in
                let options = StoreOptions(changeDetection: .kernel(checkingEvery: .milliseconds(100)))
                try await body(Store(at: directory + "/store", options: options).ephemeral)
            }
        }
    }

    @Test(arguments: Implementation.allCases) func compareAndSwap(_ implementation: Implementation) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            let first = try live.set([1], at: "claims/a", owner: owner, lifetime: nil, expecting: .absent)
            #expect(first != nil)
            #expect(try live.set([2], at: "claims/a", owner: owner, lifetime: nil, expecting: .absent) == nil)
            #expect(try live.value(at: "claims/a")?.bytes == [1])
            #expect(try live.value(at: "claims/a")?.owner == owner.id)
            let second = try live.set([2], at: "claims/a", owner: owner, lifetime: nil, expecting: .version(first!))
            #expect(try #require(second) > first!)
            #expect(try live.remove("claims/a", expecting: .version(first!)) == false)
            #expect(try live.remove("claims/a", expecting: .version(second!)))
            #expect(try live.value(at: "claims/a") == nil)
            let third = try live.set([1], at: "claims/a", owner: owner, lifetime: nil, expecting: .absent)
            #expect(try #require(third) > second!, "a version never comes back")
        }
    }

    /// Whatever another program has left under a claim's name, without an owner, does not keep anyone from claiming.
    @Test(arguments: Implementation.allCases) func onlyOwnersClaim(_ implementation: Implementation) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            func claim(_ path: StorePath) throws -> Bool {
                try live.change([path: .set([1], owner: owner, expecting: .unclaimed)]) != nil
            }
            #expect(try claim("claims/new"))
            #expect(try live.value(at: "claims/new")?.owner == owner.id)
            #expect(try !claim("claims/new"), "a claim is not claimed again")
            _ = try live.change(["claims/left": .set([7])])
            await live.waitUntilFree("claims/left")
            #expect(try claim("claims/left"))
            #expect(try live.value(at: "claims/left")?.bytes == [1])
            _ = try live.change(["claims/short": .set([7], lifetime: .seconds(600))])
            #expect(try !claim("claims/short"), "it ends by itself")
        }
    }

    @Test(arguments: Implementation.allCases) func oneOfManyWinsAClaim(_ implementation: Implementation) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        try live.set([UInt8(number)], at: "c", owner: owner, lifetime: nil, expecting: .absent) != nil
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wins == 1)
        }
    }

    @Test(arguments: Implementation.allCases) func valuesGoWithTheirOwner(_ implementation: Implementation) async throws
    {
        try await with(implementation) { live in
            let stays = try live.join("stays")
            do {
                let leaves = try live.join("leaves")
                _ = try live.set([1], at: "a/1", owner: leaves, lifetime: nil, expecting: .anything)
                _ = try live.set([2], at: "a/2", owner: stays, lifetime: nil, expecting: .anything)
                _ = try live.set([3], at: "b", owner: stays, lifetime: nil, expecting: .anything)
                #expect(try live.values(below: "a").count == 2)
                leaves.leave()
            }
            #expect(try live.values(below: "a").keys.map(\.description) == ["a/2"])
            #expect(try live.values(below: nil).count == 2)
            #expect(try live.set([4], at: "a/1", owner: stays, lifetime: nil, expecting: .absent) != nil)
        }
    }

    @Test(arguments: Implementation.allCases) func valuesWithoutOwnerStay(_ implementation: Implementation) async throws
    {
        try await with(implementation) { live in
            do {
                let leaves = try live.join("leaves")
                _ = try live.set([1], at: "reports/a/1", owner: leaves, lifetime: nil, expecting: .absent)
                _ = try live.set([2], at: "reports/a/2", owner: nil, lifetime: nil, expecting: .absent)
                _ = try live.set([3], at: "reports/b", owner: nil, lifetime: .seconds(600), expecting: .absent)
                leaves.leave()
            }
            #expect(try live.values(below: "reports").mapValues(\.bytes) == ["reports/a/2": [2], "reports/b": [3]])
            #expect(try live.value(at: "reports/a/2")?.owner == nil)
            #expect(try live.set([4], at: "reports/a/2", owner: nil, lifetime: nil, expecting: .absent) == nil)
            #expect(try live.remove("reports/a/2", expecting: .anything))
            #expect(try live.value(at: "reports/a/2") == nil)
        }
    }

    @Test(arguments: Implementation.allCases) func severalChangesAreMadeTogetherOrNot(
        _ implementation: Implementation
    ) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            let first = try #require(try live.change(["a": .set([1], owner: owner, expecting: .absent)]))
            let refused: [StorePath: EphemeralChange] = [
                "a": .remove(expecting: .version(first)), "b": .set([2], expecting: .version(first)),
            ]
            #expect(try live.change(refused) == nil)
            #expect(try live.values(below: nil).mapValues(\.bytes) == ["a": [1]], "nothing is changed by halves")
            let second = try #require(
                try live.change([
                    "a": .remove(expecting: .version(first)), "b": .set([2], owner: owner, expecting: .absent),
                    "c/d": .set([3]), "e": .remove(),
                ]))
            #expect(second > first)
            let values = try live.values(below: nil)
            #expect(values.mapValues(\.bytes) == ["b": [2], "c/d": [3]])
            #expect(values.values.allSatisfy { $0.version == second })
            #expect(values.mapValues(\.owner) == ["b": owner.id, "c/d": nil])
            owner.leave()
            #expect(try live.values(below: nil).mapValues(\.bytes) == ["c/d": [3]])
        }
    }

    @Test(arguments: Implementation.allCases) func severalAreRemovedTogetherOrNot(
        _ implementation: Implementation
    ) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            func set(_ path: StorePath, _ byte: UInt8) throws -> UInt64 {
                try live.set([byte], at: path, owner: owner, lifetime: nil, expecting: .anything)!
            }
            let (first, second) = (try set("a/x/1", 1), try set("b/2", 2))
            #expect(try live.remove(["a/x/1": .version(first), "b/2": .version(first)]) == false)
            #expect(try live.remove(["a/x/1": .version(first), "b/2": .absent]) == false)
            #expect(try live.remove(["a/x/1": .version(first), "c": .version(second)]) == false)
            #expect(try live.values(below: nil).count == 2, "nothing is removed by halves")
            #expect(try live.remove(["a/x/1": .version(first), "b/2": .version(second), "c": .absent]))
            #expect(try live.values(below: nil).isEmpty)
            #expect(try live.remove([:]))
            _ = try set("a/x/1", 1)
            #expect(try live.remove(["a/x/1": .anything, "c/d": .anything]), "what is absent is no obstacle")
            #expect(try live.values(below: nil).isEmpty)
        }
    }

    /// A watch misses no value that comes and goes in another process.
    @Test func watchesNoticeValuesThatComeAndGo() async throws {
        try await withAsyncDirectory { directory in
            let options = StoreOptions(changeDetection: .kernel(checkingEvery: .seconds(3600)))
            let (writer, reader) = (
                try Store(at: directory + "/store", options: options),
                try Store(at: directory + "/store", options: options)
            )
            let seen = Collected<[String]>()
            let watch = reader.ephemeral.watch(below: "reports") { seen.add($0.keys.map(\.description).sorted()) }
            let other = reader.ephemeral.watch(below: "assignments/w") { _ in }
            #expect(await seen.wait { $0 == [[]] })
            for number in 1...5 {
                let path = try StorePath("reports/\(number)/1")
                _ = try writer.ephemeral.set([1], at: path, owner: nil, lifetime: nil, expecting: .absent)
                #expect(await seen.wait { $0.last == [path.description] })
                #expect(try writer.ephemeral.remove(path, expecting: .anything))
                #expect(await seen.wait { $0.last == [] })
            }
            withExtendedLifetime((watch, other)) {}
        }
    }

    @Test(arguments: Implementation.allCases) func valuesExpire(_ implementation: Implementation) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            _ = try live.set([1], at: "t", owner: owner, lifetime: .milliseconds(300), expecting: .anything)
            _ = try live.set([1], at: "u", owner: owner, lifetime: .seconds(600), expecting: .anything)
            let seen = Collected<[StorePath: EphemeralValue]>()
            let watch = live.watch(below: nil) { seen.add($0) }
            #expect(await seen.wait { $0.last?.keys.map(\.description) == ["u"] })
            #expect(try live.value(at: "t") == nil)
            #expect(try live.value(at: "u") != nil)
            watch.cancel()
        }
    }

    @Test(arguments: Implementation.allCases) func watchesDeliverStates(_ implementation: Implementation) async throws {
        try await with(implementation) { live in
            let owner = try live.join("worker")
            let seen = Collected<[UInt8]>()
            let watch = live.watch(below: "p") { seen.add($0["p/x"]?.bytes ?? []) }
            #expect(await seen.wait { $0 == [[]] })
            for number in 1...20 as ClosedRange<UInt8> {
                _ = try live.set([number], at: "p/x", owner: owner, lifetime: nil, expecting: .anything)
                _ = try live.set([number], at: "elsewhere", owner: owner, lifetime: nil, expecting: .anything)
            }
            #expect(await seen.wait { $0.last == [20] })
            #expect(zip(seen.all, seen.all.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
            watch.cancel()
            let others = Collected<[UInt8]>()
            let other = live.watch(below: "p") { others.add($0["p/x"]?.bytes ?? []) }
            #expect(await others.wait { $0 == [[20]] })
            _ = try live.set([99], at: "p/x", owner: owner, lifetime: nil, expecting: .anything)
            #expect(await others.wait { $0.last == [99] })
            #expect(seen.all.last == [20])
            other.cancel()
        }
    }

    @Test func otherProcessesSeeClaimsThatGoWhenTheirOwnerIsKilled() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let seen = Collected<[String]>()
            let watch = store.ephemeral.watch(below: "claims") { seen.add($0.keys.map(\.description).sorted()) }
            #expect(await seen.wait { $0 == [[]] })
            let first = try Writer(store: store.path, claiming: "a")
            #expect(first.claimed)
            #expect(await seen.wait { $0.last == ["claims/a"] })
            #expect(try store.ephemeral.value(at: "claims/a")?.bytes == Array("a".utf8))
            let second = try Writer(store: store.path, claiming: "a")
            #expect(!second.claimed)
            _ = second.finish()
            first.kill()
            _ = first.finish()
            #expect(try store.ephemeral.value(at: "claims/a") == nil, "it is gone at once")
            #expect(await seen.wait { $0.last == [] })
            let third = try Writer(store: store.path, claiming: "a")
            #expect(third.claimed)
            third.kill()
            _ = third.finish()
            watch.cancel()
            #expect(try store.branches().isEmpty, "never a commit")
            // The next process that opens the store removes the values of dead owners, and nothing else.
            let owner = try store.ephemeral.join("test")
            _ = try store.ephemeral.set([1], at: "kept", owner: owner, lifetime: nil, expecting: .absent)
            let live = store.path + "/ciso/live"
            let before = try #require(try? Data(contentsOf: URL(fileURLWithPath: live + "/log/values")))
            #expect(String(decoding: before, as: UTF8.self).contains("claims/a"))
            _ = try Store(opening: store.path)
            let after = try #require(try? Data(contentsOf: URL(fileURLWithPath: live + "/log/values")))
            #expect(!String(decoding: after, as: UTF8.self).contains("claims/a"))
            #expect(files(endingIn: "", below: live + "/owners") == [owner.id])
            #expect(try store.ephemeral.value(at: "kept")?.bytes == [1])
        }
    }

    /// The file in which the values of a store are.
    private func log(of store: Store) -> URL { URL(fileURLWithPath: store.path + "/ciso/live/log/values") }

    /// A killed writer, or a stopped machine, leaves a part of a record.
    @Test func aTruncatedRecordIsIgnored() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let first = try store.ephemeral.set([1], at: "a", owner: nil, lifetime: nil, expecting: .absent)
            let whole = try Data(contentsOf: log(of: store))
            _ = try store.ephemeral.set(
                Array(repeating: 2, count: 100), at: "b", owner: nil, lifetime: nil, expecting: .absent)
            let both = try Data(contentsOf: log(of: store))
            for end in stride(from: whole.count, to: both.count, by: 7) {
                var damaged = [both[..<end]]
                if end + 1 < both.count { damaged.append(both[..<end] + [both[end] ^ 1] + both[(end + 1)...]) }
                for contents in damaged {
                    try contents.write(to: log(of: store))
                    let other = try Store(opening: store.path)
                    #expect(try other.ephemeral.values(below: nil).mapValues(\.bytes) == ["a": [1]])
                    let next = try other.ephemeral.set([3], at: "c", owner: nil, lifetime: nil, expecting: .absent)
                    #expect(try #require(next) > #require(first))
                    let third = try Store(opening: store.path)
                    #expect(try third.ephemeral.values(below: nil).mapValues(\.bytes) == ["a": [1], "c": [3]])
                }
            }
        }
    }

    /// The log stays small, and rewriting it is invisible to its readers.
    @Test func theLogIsWrittenAgainWhenMostOfItIsOutdated() async throws {
        try await withAsyncDirectory { directory in
            let options = StoreOptions(changeDetection: .kernel(checkingEvery: .seconds(3600)))
            let (writer, reader) = (
                try Store(at: directory + "/store", options: options),
                try Store(at: directory + "/store", options: options)
            )
            let owner = try writer.ephemeral.join("writer")
            let kept = try writer.ephemeral.set([7], at: "kept/x", owner: owner, lifetime: nil, expecting: .absent)
            let seen = Collected<UInt8>()
            let watch = reader.ephemeral.watch(below: "v") { seen.add($0["v/x"]?.bytes.first ?? 0) }
            var (largest, last) = (0, UInt64(0))
            for number in 1...200 {
                let bytes = Array(repeating: UInt8(number), count: 100_000)
                let version = try writer.ephemeral.set(
                    bytes, at: "v/x", owner: owner, lifetime: nil, expecting: .anything)
                #expect(try #require(version) > last)
                last = try #require(version)
                largest = max(largest, try Data(contentsOf: log(of: writer)).count)
            }
            #expect(largest > 3 << 20 && largest <= 4 << 20)
            #expect(await seen.wait { $0.last == 200 })
            #expect(zip(seen.all, seen.all.dropFirst()).allSatisfy { $0 < $1 })
            for store in [writer, reader, try Store(opening: writer.path)] {
                #expect(try store.ephemeral.value(at: "v/x")?.version == last)
                #expect(
                    try store.ephemeral.value(at: "kept/x")
                        == .init(bytes: [7], version: #require(kept), owner: owner.id))
            }
            watch.cancel()
        }
    }
}
