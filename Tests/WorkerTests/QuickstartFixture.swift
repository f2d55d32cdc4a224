import Core
import Fetching
import Foundation
import Layers
import Model
import OpamFormat
import PlanSession
import PluginHost
import PluginMessages
import RunnerInterface
import Synchronization
import TestSupport

@testable import Worker

/// A worker with the Debian plugin and the quickstart's packages, kept between runs of the tests.
struct QuickstartFixture {
    static let quickstart = PackageDirectory.url.appending(path: "Matrices/quickstart")
    static let debianReal = PackageDirectory.url.appending(path: "Matrices/debian-real")

    /// The directory in which root file systems and archives are kept between runs.
    static var cache: String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "/tmp")/.cache"
        return environment["CISO_CACHE"] ?? "\(home)/ciso"
    }

    let directories: WorkerDirectories
    let repository: RepositoryDirectory
    let target: Plan.Target
    let runner: LocalRunner
    let logs: Logs
    let catalog: PluginCatalog
    let layers: LayerStore
    let sourceCaches: [String]
    let repositoryDirectory: URL

    static let isPossible =
        geteuid() == 0
        && Program.areInstalled("mmdebstrap", "bwrap")

    /// Whether the quickstart's sources are in the cache, once `scripts/fetch-sources` has tried.
    static let hasSources = fetchSources(of: quickstart)

    /// Tries to fetch the files listed in the manifest next to a repository.
    static func fetchSources(of repository: URL) -> Bool {
        let script = Program([
            "\(PackageDirectory.path)/scripts/fetch-sources", repository.appending(path: "sources.tsv").path,
            "\(cache)/sources",
        ])
        return (try? script.run().status) == 0
    }

    /// Logs that the runner kept.
    final class Logs: Sendable {
        private let kept = Mutex<[Digest: String]>([:])

        private let directory: String

        init(in directory: String) throws {
            self.directory = directory
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }

        func begin(_ name: String) -> any RunningJobLog { Running(path: "\(directory)/\(name)", logs: self) }

        private final class Running: RunningJobLog {
            let path: String
            private let logs: Logs

            init(path: String, logs: Logs) {
                self.path = path
                self.logs = logs
            }

            func seal() throws -> Digest {
                let log = Array(try Data(contentsOf: URL(filePath: path)))
                discard()
                let digest = Digest(of: log)
                logs.kept.withLock { $0[digest] = String(decoding: log, as: UTF8.self) }
                return digest
            }

            func discard() { unlink(path) }
        }

        subscript(digest: Digest?) -> String {
            digest.flatMap { digest in kept.withLock { $0[digest] } } ?? ""
        }
    }

    init(
        repository: URL = quickstart, leavingOut left: Set<String> = [], sources: [String] = ["\(cache)/sources"],
        target name: String = "debian-12", engine: Job.Engine? = nil
    ) async throws {
        let host = try BuiltProgram.path(of: "ciso-plugin-host")
        let debug = URL(filePath: host).deletingLastPathComponent().path
        catalog = PluginCatalog(
            PluginSearchPath(given: [debug]), host: PluginHostProgram(path: host), limits: PluginLimits())
        var (plugin, request) = try await catalog.plugin(serving: name, systemCompiler: true)
        if engine == .opam { request.opamClient = true }
        let description = try await plugin.target(request)
        let identity = plugin.identity
        target = Plan.Target(
            name: name,
            plugin: Job.Plugin(
                name: identity.name, version: identity.version,
                digest: try await plugin.answersDigest(for: request)),
            distribution: request.distribution, version: request.version, architecture: request.architecture,
            systemCompiler: true, engine: engine, options: [:], variables: description.variables,
            environment: try description.environmentDigest(), required: true)
        directories = WorkerDirectories("\(Self.cache)/worker")
        layers = directories.layerStore
        sourceCaches = sources
        repositoryDirectory = repository
        logs = try Logs(in: directories.logs)
        self.repository = try RepositoryDirectory(repository, leavingOut: left)
        runner = try LocalRunner(
            directories, plugins: catalog, sources: SourceCache(directories.sources, others: sources),
            environment: .ofTests, beginLog: { [logs] in logs.begin($0) })
    }

    /// The outcome of a package.
    struct Ending: Sendable {
        var request: JobRequest
        var report: JobReport
    }

    /// Builds `names` and all their dependencies, in order; packages that depend on a failed one are omitted.
    func build(_ names: [String], kind: Job.Kind = .build, among wanted: Set<String>? = nil) async throws
        -> [String: Ending]
    {
        var endings: [String: Ending] = [:]
        for name in repository.closure(of: names, on: target, among: wanted) {
            guard let request = try await request(name, endings: endings, among: wanted) else { continue }
            let start = ContinuousClock.now
            let report = await runner.run(request) { _ in }
            print(
                "\(request.job.package): \(report.outcome.rawValue) \(report.reason ?? "") \(ContinuousClock.now - start)"
            )
            endings[name] = Ending(request: request, report: report)
        }
        return endings
    }

    func request(_ name: String, endings: [String: Ending], among wanted: Set<String>?) async throws -> JobRequest? {
        guard let entry = repository.entries[name] else { return nil }
        let direct = repository.inputs(of: name, on: target, among: wanted)
        guard direct.allSatisfy({ endings[$0]?.report.outcome == .success }) else { return nil }
        var all: [String] = []
        for input in repository.closure(of: direct, on: target, among: wanted) { all.append(input) }
        let depexts = entry.opam.depexts(in: { [target] in target.variables[$0.name].map { .string($0) } })
        let job = Job(
            kind: .build, package: entry.package, opam: entry.files.digest,
            inputs: direct.compactMap { endings[$0]?.request.id }.sorted(), compiler: "system",
            environment: target.environment, plugin: target.plugin, systemPackages: depexts,
            engine: target.engine)
        let inputs = all.compactMap { input -> JobRequest.Input? in
            guard let ending = endings[input], let layer = ending.report.layer else { return nil }
            return .init(id: ending.request.id, job: ending.request.job, layer: layer, files: ending.request.files)
        }
        return JobRequest(
            id: try CanonicalJSON.digest(of: job), job: job, files: entry.files, inputs: inputs, target: target)
    }
}
