import Core
import Fetching
import Foundation
import Layers
import OpamFormat
import System
import TestSupport
import Testing

@testable import Worker

/// The cached data of a worker is shared by all stores, bounded, and kept while it is in use.
@Suite struct CacheTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func directories(_ store: String = "one") -> WorkerDirectories {
        WorkerDirectories(
            directory("\(store)/worker"), cache: directory("cache"), archives: directory("\(store)/objects"))
    }

    /// A layer with a file of about the given number of bytes.
    private func layer(_ name: String, bytes: Int = 100_000, in directories: WorkerDirectories) throws -> Digest {
        let changes = "changes-\(name)"
        try directory.write(String(repeating: name, count: bytes / name.utf8.count), to: "\(changes)/home/\(name)")
        return try directories.layerStore.capture(directory: directory(changes)).digest
    }

    private func isUnpacked(_ digest: Digest, in directories: WorkerDirectories) -> Bool {
        access("\(directories.layers)/\(digest)", F_OK) == 0
    }

    @Test func archivesBelongToTheStoreAndDirectoriesToTheCache() async throws {
        let (one, two) = (directories("one"), directories("two"))
        let digest = try layer("a", in: one)
        #expect(access("\(one.archives)/\(digest.shard)/\(digest)", R_OK) == 0)
        let path = try await one.layerStore.unpacked(digest)
        #expect(path == "\(directory("cache"))/layers/\(digest)")
        // A store without the layer can use the unpacked directory, but does not contain the layer because of that.
        #expect(try await two.layerStore.unpacked(digest) == path && !two.layerStore.contains(digest))
        #expect(try layer("a", in: two) == digest && two.layerStore.contains(digest))
        #expect(try FileManager.default.contentsOfDirectory(atPath: one.archives + "/incoming").isEmpty)
    }

    @Test func theLeastRecentlyUsedIsEvictedFirst() async throws {
        let directories = directories()
        let digests = try ["a", "b", "c", "d"].map { try layer($0, in: directories) }
        for digest in digests + [digests[0]] {
            _ = try await directories.layerStore.unpacked(digest)
            // Times of files have the resolution of the kernel's clock.
            try await Task.sleep(for: .milliseconds(20))
        }
        let total = directories.cacheEntries.reduce(0) { $0 + $1.size }
        #expect(directories.cacheEntries.count == 4 && total > 400_000)
        #expect(try directories.trimCache(to: total) == [])
        #expect(try directories.trimCache(to: total - 1).map(\.digest) == [digests[1]])
        #expect(try directories.trimCache(to: total / 4 + 1000).map(\.digest) == [digests[2], digests[3]])
        #expect(digests.map { isUnpacked($0, in: directories) } == [true, false, false, false])
        // The removed layer is unpacked again.
        let path = try await directories.layerStore.unpacked(digests[2])
        #expect(try String(contentsOfFile: "\(path)/home/c", encoding: .utf8).utf8.count == 100_000)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directories.cache)/uses").count == 2)
    }

    /// Sources are bounded together with the rest; sources used by a run are not removed while it runs.
    @Test func sourcesAreEvictedLikeOtherEntries() async throws {
        let directories = WorkerDirectories(store: directory("store"), cache: directory("cache"))
        let shared = try #require(directories.sharedSources)
        let cache = SourceCache(shared, usage: directories.usage)
        func source(_ name: String) throws -> Source {
            try directory.write(String(repeating: name, count: 100_000), to: name)
            let kinds: [Checksum.Kind] = [.md5, .sha256]
            let checksums = try kinds.map { try #require(Checksum(ofFile: directory(name), $0)) }
            return Source(url: "file://\(directory(name))", checksums: checksums)
        }
        let sources = try ["a", "b"].map(source)
        let paths = try await [cache.file(sources[0], of: "a"), cache.file(sources[1], of: "b")]
        let total = directories.cacheEntries.reduce(0) { $0 + $1.size }
        #expect(directories.cacheEntries.map(\.kind) == [.source, .source], "the two names of a file are one entry")
        #expect(total >= 200_000 && total < 300_000)
        // Times of files have the resolution of the kernel's clock.
        try await Task.sleep(for: .milliseconds(20))
        var session: ScratchDirectory? = try directories.usage.beginSession()
        #expect(try await cache.file(sources[0], of: "a") == paths[0])
        #expect(try directories.trimCache(to: 0).count == 1)
        #expect(access(paths[0], F_OK) == 0 && access(paths[1], F_OK) != 0)
        session = nil
        #expect(session == nil)
        #expect(try directories.trimCache(to: 0).count == 1)
        let left = try FileManager.default.subpathsOfDirectory(atPath: shared).filter {
            $0.split(separator: "/").count == 3
        }
        #expect(left == [], "every name of the file is gone")
        // Sources that still exist at their addresses are fetched again; a directory that has changed differs from the
        // planned one.
        #expect(try await cache.file(sources[1], of: "b") == paths[1])
    }

    /// The copy of a repository and the contents of its commits are made again.
    @Test func evictedRepositoriesAreFetchedAgain() async throws {
        let directories = WorkerDirectories(store: directory("store"), cache: directory("cache"))
        let origin = directory("origin")
        try git("init", "-q", "-b", "main", origin, at: "/")
        try directory.write("text", to: "origin/file")
        try git("add", "file", at: origin)
        try git("commit", "-q", "-m", "one", at: origin)
        let cache = SourceCache(try #require(directories.sharedSources), usage: directories.usage)
        let source = try await cache.exact(Source(url: "git+file://\(origin)#main"), of: "a")
        let archive = try await cache.file(source, of: "a")
        #expect(directories.cacheEntries.map(\.kind) == [.source, .source], "the copy, and the archive of the commit")
        #expect(try directories.trimCache(to: 0).count == 2)
        #expect(directories.cacheEntries == [] && access("\(archive).sha256", F_OK) != 0)
        #expect(try await cache.file(source, of: "a") == archive)
    }

    @Test func entriesInUseAreKept() async throws {
        let directories = directories()
        let digests = try ["a", "b", "c"].map { try layer($0, in: directories) }
        for digest in digests { _ = try await directories.layerStore.unpacked(digest) }
        // Times of files have the resolution of the kernel's clock.
        try await Task.sleep(for: .milliseconds(20))
        var session: ScratchDirectory? = try directories.usage.beginSession()
        _ = try await directories.layerStore.unpacked(digests[1])
        #expect(directories.cacheEntries.filter(\.isInUse).map(\.digest) == [digests[1]])
        #expect(Set(try directories.trimCache(to: 0).map(\.digest)) == [digests[0], digests[2]])
        #expect(isUnpacked(digests[1], in: directories))
        session = nil
        #expect(session == nil)
        #expect(try directories.trimCache(to: 0).map(\.digest) == [digests[1]])
        #expect(directories.cacheEntries == [])
    }

    /// For any order of uses and removals, an entry in use is complete until the session ends.
    @Test func nothingInUseIsRemovedByOthersMeanwhile() async throws {
        var random = SeededGenerator(printingSeedOf: "CacheTests.nothingInUse")
        let directories = directories()
        let digests = try (0..<6).map { try layer("\($0)", bytes: 5_000, in: directories) }
        let orders = (0..<3).map { _ in (0..<30).map { _ in digests.randomElement(using: &random)! } }
        let trimming = Task.detached {
            while !Task.isCancelled { try directories.trimCache(to: 0) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for order in orders { group.addTask { try await use(order, directories) } }
            try await group.waitForAll()
        }
        trimming.cancel()
        try await trimming.value
        #expect(directories.cacheEntries.allSatisfy { !$0.isInUse })
    }

    private func use(_ order: [Digest], _ directories: WorkerDirectories) async throws {
        for (first, second) in zip(order, order.reversed()) {
            let session = try directories.usage.beginSession()
            let paths = [
                try await directories.layerStore.unpacked(first), try await directories.layerStore.unpacked(second),
            ]
            await Task.yield()
            for path in paths {
                #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/home").count == 1)
            }
            withExtendedLifetime(session) {}
        }
    }

    @Test func entriesOfOlderVersionsAreAdopted() throws {
        let old = WorkerDirectories(directory("one/worker"))
        let digest = try layer("a", in: old)
        let whole = old.layerStore.object(digest)
        try FileManager.default.moveItem(atPath: whole, toPath: "\(whole).tar.zst")
        try directory.write("root", to: "one/worker/environments/file")
        let directories = directories()
        try FileManager.default.createDirectory(atPath: directories.cache, withIntermediateDirectories: true)
        try directories.adoptOlderLayout()
        #expect(directories.layerStore.contains(digest))
        #expect(directory.read("cache/environments/file") == "root")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directories.root) == ["scratch"])
    }
}

/// The same through the commands.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct CollectedLayersTests {
    @Test func layersAreObjectsThatReferencesKeep() async throws {
        let deployment = try await SmallDeployment([
            "a.1": #"install: ["sh" "-c" "mkdir -p %{lib}%/a && echo one >%{lib}%/a/f"]"#,
            "b.1": #"depends: ["a"] install: ["sh" "-c" "mkdir -p %{lib}%/b && cp %{lib}%/a/f %{lib}%/b"]"#,
        ])
        try deployment.program("run").output()
        let layers = Set(try deployment.layersOfCells().values)
        // The only objects: requests to the worker of this process stay in memory.
        try deployment.ci(["store", "gc", "--grace", "0"]).output()
        #expect(Set(try deployment.layers().map { String($0.suffix(64)) }) == layers && layers.count == 4)
        let kept = try deployment.ci(["store", "gc", "--grace", "0", "--dry-run"]).output()
        #expect(kept.contains("0 objects (0 bytes)") && kept.contains("keeps 4 and 4;"), "\(kept)")
        #expect(try deployment.ci(["store", "verify"]).run().status == 0)
        // A missing archive is reported with its cell, and made again.
        let lost = try #require(try deployment.layersOfCells().first { $0.key.contains("/a/") }?.value)
        unlink(deployment.objects.appending(path: "\(lost.prefix(2))/\(lost)").path)
        let verified = try deployment.ci(["store", "verify"]).run()
        #expect(verified.status == 3 && verified.output.contains("\(lost) (result of debian-12/"), "\(verified.output)")
        try deployment.ci(["retry", "*/*/b.1"]).output()
        try deployment.program("run").output()
        #expect(try deployment.ci(["store", "verify"]).run().status == 0)
        try deployment.ci(["store", "gc", "--grace", "0"]).output()
        // Without results nothing refers to the layers.
        for branch in try git("for-each-ref", "--format=%(refname)", at: deployment.store.path).split(separator: "\n")
        where branch.contains("results/") { try git("update-ref", "-d", String(branch), at: deployment.store.path) }
        let dropped = try deployment.ci(["store", "gc", "--grace", "0"]).output()
        #expect(dropped.contains("4 objects (") && dropped.contains("keeps 0 and 0;"), "\(dropped)")
        #expect(try deployment.layers() == [])
        let doctor = try deployment.ci(["doctor"]).run().output
        #expect(doctor.contains("cache-limit: 64G; it holds "), "\(doctor)")
    }
}
