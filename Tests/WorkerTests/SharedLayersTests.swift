import Core
import Fetching
import Foundation
import HTTP
import Layers
import Model
import PluginHost
import Registry
import RunnerInterface
import Synchronization
import TestSupport
import Testing

@testable import Worker

/// Two machines with a registry between them: one builds upon the layers of the other.
@Suite(.enabled(if: RegistryServer.isInstalled, "needs docker-registry, openssl, python3 and htpasswd"))
struct SharedLayersTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func registry(_ server: RegistryServer) throws -> RegistryBlobs {
        RegistryBlobs(
            RegistryClient(
                try #require(RegistryAddress("\(server.url)/ciso")), http: HTTPClient(), timeout: .milliseconds(100)))
    }

    /// A runner that shares nothing with others but the registry.
    private func runner(_ machine: String, _ layers: RegistryBlobs?) throws -> LocalRunner {
        let directories = WorkerDirectories(directory("\(machine)/worker"), archives: directory("\(machine)/objects"))
        return try LocalRunner(
            directories, plugins: PluginCatalog(PluginSearchPath(given: [])), sharedLayers: layers,
            sources: SourceCache(directories.sources), environment: .ofTests
        ) { _ in throw Failure(.bug, "no job runs here") }
    }

    private func layer(in runner: LocalRunner) throws -> Digest {
        try directory.write("contents", to: "changes/home/file")
        return try runner.layers.capture(directory: directory("changes")).digest
    }

    /// The steps that a runner reports.
    private final class Steps: Sendable {
        private let reported = Mutex<[String]>([])
        var names: [String] { reported.withLock { $0 } }

        @Sendable func add(_ name: String) { reported.withLock { $0.append(name) } }
    }

    @Test func aLayerOfAnotherMachineIsFetched() async throws {
        let server = try await RegistryServer()
        let (one, two) = (try runner("one", registry(server)), try runner("two", registry(server)))
        let digest = try layer(in: one)
        let steps = Steps()
        #expect(try one.holds(layer: digest) && !runner("other", registry(server)).holds(layer: digest))
        try await two.obtain(digest, steps.add)
        #expect(!two.layers.contains(digest), "nobody has it")
        try await one.share(digest, steps.add)
        #expect(two.holds(layer: digest) && !two.layers.contains(digest))
        try await two.obtain(digest, steps.add)
        #expect(steps.names == ["pull", "push", "pull"])
        let path = try await two.layers.unpacked(digest)
        #expect(try String(contentsOfFile: "\(path)/home/file", encoding: .utf8) == "contents")
        #expect(try FileManager.default.contentsOfDirectory(atPath: two.directories.scratch).isEmpty)
        // Without a registry, no layer is requested or pushed.
        let alone = try runner("alone", nil)
        try await alone.share(layer(in: alone), steps.add)
        try await alone.obtain(Digest(of: "another layer"), steps.add)
        try await two.obtain(digest, steps.add)
        #expect(steps.names.count == 3, "nothing was transferred")
    }

    @Test func failuresToShareAreInfrastructureFailures() async throws {
        let server = try await RegistryServer()
        let (one, two) = (try runner("one", registry(server)), try runner("two", registry(server)))
        let digest = try layer(in: one)
        let steps = Steps()
        try await one.share(digest, steps.add)
        try Data("damage".utf8).write(to: URL(filePath: server.file(ofBlob: digest.hex)))
        let damage = await #expect(throws: (any Error).self) { try await two.obtain(digest, steps.add) }
        #expect(damage.map { Failure(describing: $0).category } == .unavailable)
        #expect(!two.layers.contains(digest))
        server.kill()
        let absence = await #expect(throws: (any Error).self) { try await two.obtain(digest, steps.add) }
        #expect(absence.map { JobReport(endingWith: $0).outcome } == .infrastructure)
        let refusal = await #expect(throws: (any Error).self) { try await one.share(digest, steps.add) }
        #expect(refusal.map { JobReport(endingWith: $0).outcome } == .infrastructure)
        #expect(one.holds(layer: digest) && !two.holds(layer: digest), "only what is here counts")
    }

    /// The package `b` is built upon the layer of `a`, which was built by a machine that no longer exists.
    @Test(.enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
    func jobsBuildOverLayersOfOtherMachines() async throws {
        let server = try await RegistryServer()
        try directory.write(
            "opam-version: \"2.0\"\ninstall: [\"sh\" \"-c\" \"mkdir -p '%{lib}%/a' && echo made >'%{lib}%/a/file'\"]\n",
            to: "packages/a/a.1/opam")
        try directory.write(
            "opam-version: \"2.0\"\ndepends: [\"a\"]\nbuild: [\"grep\" \"made\" \"%{lib}%/a/file\"]\n",
            to: "packages/b/b.1/opam")
        let fixture = try await QuickstartFixture(repository: directory.url)
        func runner(_ machine: String) throws -> LocalRunner {
            try LocalRunner(
                WorkerDirectories(
                    directory("\(machine)/worker"), cache: fixture.directories.cache,
                    archives: directory("\(machine)/objects")),
                plugins: fixture.catalog, sharedLayers: registry(server), sources: SourceCache(directory("sources")),
                environment: .ofTests
            ) { [logs = fixture.logs] in logs.begin($0) }
        }
        let first = try #require(try await fixture.request("a", endings: [:], among: nil))
        let builder = try runner("one")
        let steps = Steps()
        let made = await builder.run(first) { steps.add($0.name) }
        #expect(steps.names.last == "push")
        #expect(made.outcome == .success, "\(made)\n\(fixture.logs[made.log])")
        try FileManager.default.removeItem(atPath: directory("one"))
        let endings = ["a": QuickstartFixture.Ending(request: first, report: made)]
        let second = try #require(try await fixture.request("b", endings: endings, among: nil))
        let other = try runner("two")
        let built = await other.run(second) { _ in }
        #expect(built.outcome == .success, "\(built)\n\(fixture.logs[built.log])")
        #expect(other.layers.contains(try #require(made.layer)), "it has come from the registry")
    }
}
