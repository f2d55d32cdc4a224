internal import Core
internal import Foundation
internal import Layers
internal import Model
internal import PluginHost
internal import PluginMessages
internal import Sandbox
internal import Supervision
internal import Synchronization

/// Layers of the distribution's packages: one for each environment and set of names, because the package manager's
/// database cannot be stacked.
///
/// - SeeAlso: `docs/decisions/0064-system-package-layer.md`
struct SystemPackageLayers: Sendable {
    private let directory: String
    private let layers: LayerStore
    private let usage: CacheUsage
    private let scratch: String
    private let failures = FailedSystemLayers()

    /// The paths excluded from a layer: caches and logs of package managers.
    private static let excluded: Set<String> = ["dev", "proc", "run", "sys", "tmp", "var/cache", "var/log", "var/tmp"]
    static let limits = Limits(time: .seconds(3600), silence: .seconds(900), disk: 16 << 30)

    init(_ directories: WorkerDirectories) {
        directory = directories.systemLayers
        layers = directories.systemLayerStore
        usage = directories.usage
        scratch = directories.scratch
    }

    /// Why there is no layer.
    enum Refusal: Error {
        /// The distribution has no such packages.
        case unknown([String])
        /// The packages are missing, and steps of root cannot be run for the given reason.
        case forbidden([String], String)
        /// A step failed.
        case failed(PackageBuild.StepFailure)
    }

    /// The unpacked layer with the packages `names` and their dependencies, which is built if missing; nil if there is
    /// nothing to add to the environment.
    ///
    /// - Parameter names: The names in the distribution's package manager, sorted.
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
        if let known = try existing(key) { return try await unpacked(known, key, log) }
        let lock = try await layers.lock(building: "system-\(key)")
        defer { withExtendedLifetime(lock) {} }
        if let known = try existing(key) { return try await unpacked(known, key, log) }
        if let failed = failures[key] {
            log.note("system packages: \(answer.installed.joined(separator: " ")): failed before in this run")
            let section = log.begin(.depext, failed.name, failed.command)
            section.append(Array(failed.output.utf8))
            section.end(failed.result)
            var repeated = failed
            repeated.section = section
            throw Refusal.failed(repeated)
        }
        progress("system packages")
        return try await unpacked(build(answer, key: key, in: target, log: log), key, log)
    }

    private func unpacked(_ layer: Digest, _ key: Digest, _ log: JobLog) async throws -> String {
        log.systemPackages = versions(key)
        return try await layers.unpacked(layer)
    }

    /// The versions of packages, which are stored next to the layer's name.
    private func versions(_ key: Digest) -> [String]? {
        let text = try? String(contentsOfFile: "\(directory)/\(key).versions", encoding: .utf8)
        return text.map { $0.split(separator: "\n").map(String.init) }
    }

    /// Parses the output of a step with lines `NAME VERSION`, sorted; nil for anything else.
    static func versions(printed bytes: [UInt8]) -> [String]? {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: " ").joined(separator: " ")
        }
        let isList = lines.allSatisfy { $0.utf8.count <= 500 && $0.split(separator: " ").count == 2 }
        return isList && !lines.isEmpty && lines.count <= 10_000 ? Set(lines).sorted() : nil
    }

    private struct Key: Encodable {
        var environment: Digest
        var steps: [Step]
    }

    private func existing(_ key: Digest) throws(Failure) -> Digest? {
        guard let text = try? String(contentsOfFile: "\(directory)/\(key)", encoding: .utf8),
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
                failures.note(
                    failure, of: key, isTransient: failure.finding(by: target.patterns)?.namesPackage != true)
                throw Refusal.failed(failure)
            }
        }
        let versions = await versions(answer, in: sandbox, target)
        let layer = try layers.capture(sandbox, excluding: Self.excluded)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if let versions {
            try Data(versions.joined(separator: "\n").utf8).write(
                to: URL(fileURLWithPath: "\(directory)/\(key).versions"), options: .atomic)
        }
        try Data(layer.digest.hex.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(key)"), options: .atomic)
        return layer.digest
    }
}

extension SystemPackageLayers {
    /// Lists the versions of the installed packages; nil if they cannot be listed.
    private func versions(
        _ answer: SystemPackagesAnswer, in sandbox: Sandbox, _ target: TargetEnvironment
    ) async -> [String]? {
        guard let step = answer.versions else { return nil }
        let printed = Mutex<[UInt8]>([])
        let limits = Limits(time: .seconds(60), output: 1 << 20)
        let result = await sandbox.run(target.command(step, limits: limits)) { bytes in
            printed.withLock { $0 += bytes }
        }
        return result.succeeded ? Self.versions(printed: printed.withLock { $0 }) : nil
    }
}

extension SystemPackageLayers.Refusal {
    /// The error with which the job ends. It is a failure of the package only if the package requests a name that the
    /// distribution does not have.
    ///
    /// - Parameter own: The names that the package itself requests. Other names are those of its dependencies, which
    ///   were built when the distribution had them.
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
