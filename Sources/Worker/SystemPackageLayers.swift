internal import Core
internal import Foundation
internal import Layers
internal import Model
internal import PluginHost
internal import PluginMessages
internal import Sandbox
internal import Supervision

/// Layers of the distro's own packages: one for each environment and set of names, because the package manager's
/// database cannot be stacked.
struct SystemPackageLayers: Sendable {
    private let folder: String
    private let layers: LayerStore
    private let usage: CacheUsage
    private let scratch: String
    private let failures = FailedSystemLayers()

    /// What is left out of a layer: caches and logs of package managers.
    private static let excluded: Set<String> = ["dev", "proc", "run", "sys", "tmp", "var/cache", "var/log", "var/tmp"]
    static let limits = Limits(time: .seconds(3600), silence: .seconds(900), disk: 16 << 30)

    init(_ folders: WorkerFolders) {
        folder = folders.systemLayers
        layers = folders.systemLayerStore
        usage = folders.usage
        scratch = folders.scratch
    }

    /// Why there is no layer.
    enum Refusal: Error {
        /// The distro has no such packages.
        case unknown([String])
        /// They are missing, and steps of root cannot be run, for this reason.
        case forbidden([String], String)
        /// A step failed.
        case failed(PackageBuild.StepFailure)
    }

    /// The unpacked layer with the packages `names` and all that they need, built if need be; nil where there is nothing
    /// to add to the environment.
    ///
    /// - Parameter names: as the distro's package manager has them, sorted.
    /// - Throws: `Refusal`; `Failure`; `CancellationError`.
    func layer(
        of names: [String], in target: TargetEnvironment, environment: Digest, log: JobLog,
        progress: @Sendable (String) -> Void
    ) async throws -> String? {
        guard !names.isEmpty else { return nil }
        let answer = try await target.plugin.systemPackages(
            SystemPackagesRequest(target: target.request, names: names))
        guard answer.unknown.isEmpty else { throw Refusal.unknown(answer.unknown) }
        guard !answer.installed.isEmpty else { return nil }
        let key = try CanonicalJSON.digest(of: Key(environment: environment, steps: answer.steps))
        if let known = try existing(key) { return try await layers.unpacked(known) }
        let lock = try await layers.lock(building: "system-\(key)")
        defer { withExtendedLifetime(lock) {} }
        if let known = try existing(key) { return try await layers.unpacked(known) }
        if let failed = failures[key] {
            log.note("system packages: \(answer.installed.joined(separator: " ")): failed before in this run")
            let section = log.begin(.depext, failed.name, failed.command)
            section.append(Array(failed.output.utf8))
            section.end(failed.result)
            throw Refusal.failed(failed)
        }
        progress("system packages")
        return try await layers.unpacked(build(answer, key: key, in: target, log: log))
    }

    private struct Key: Encodable {
        var environment: Digest
        var steps: [Step]
    }

    private func existing(_ key: Digest) throws(Failure) -> Digest? {
        guard let text = try? String(contentsOfFile: "\(folder)/\(key)", encoding: .utf8),
            let digest = Digest(hex: text)
        else { return nil }
        try usage.noteUse(.system, digest)
        guard layers.contains(digest) else { return nil }
        return digest
    }

    private func build(_ answer: SystemPackagesAnswer, key: Digest, in target: TargetEnvironment, log: JobLog)
        async throws -> Digest
    {
        let sandbox = try Sandbox(Sandbox.Layout(base: target.base), in: scratch)
        log.note("system packages: \(answer.installed.joined(separator: " "))")
        for step in answer.steps {
            let section = log.begin(.depext, step.name, step.commandLine)
            let result = await sandbox.run(target.command(step, limits: Self.limits)) { section.append($0) }
            section.end(result)
            if result.ending == .cancelled { throw CancellationError() }
            guard result.succeeded else {
                let failure = section.failure(result)
                let finding = target.patterns.read(failure.output)
                failures.note(
                    failure, of: key,
                    isTransient: finding?.kind != .missingSystemPackage && finding?.kind != .failure)
                throw Refusal.failed(failure)
            }
        }
        let layer = try layers.capture(sandbox, excluding: Self.excluded)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(layer.digest.hex.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(key)"), options: .atomic)
        return layer.digest
    }
}

extension SystemPackageLayers.Refusal {
    /// The error with which the job ends. Only a name that the distribution does not have is the package's fault.
    ///
    /// - Parameter own: the names that the package itself asks for. The others are those of its dependencies, which were
    ///   built when the distribution had them.
    func error(by classifier: StepClassifier, own: [String]) -> any Error {
        switch self {
        case .unknown(let names) where Set(names).isDisjoint(with: own):
            MachineFailure("no system package \(names.joined(separator: ", ")) any more, which a dependency asks for")
        case .unknown(let names):
            PackageFailure(.depext, "no system package \(names.joined(separator: ", "))")
        case .forbidden(let names, let reason):
            MachineFailure("no right to install \(names.joined(separator: ", ")): \(reason)")
        case .failed(let failure): classifier.error(for: failure)
        }
    }
}
