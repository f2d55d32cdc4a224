internal import Archive
internal import Core
internal import Foundation
internal import Layers
internal import Model
internal import OpamSwitch
internal import PluginMessages
internal import SSH
internal import Supervision

/// A backend that builds a job on a host, in the directories named by its target.
///
/// - SeeAlso: `docs/decisions/0153-unprotected-hosts.md`
final class SSHBackend: BuildBackend {
    private let session: RemoteSession
    private let target: TargetEnvironment
    /// Directories on this machine with the contents of the prefix before the build, topmost first.
    private let lowers: [String]
    /// The directories with their owners.
    private let owned: [OwnedLayer]
    /// A directory on this machine that receives the changes, in the format of an overlay's upper directory.
    private let changes: String

    init(_ session: RemoteSession, target: TargetEnvironment, owned: [OwnedLayer], scratch: String) {
        self.session = session
        self.target = target
        lowers = owned.map(\.directory)
        self.owned = owned
        changes = "\(scratch)/changes"
    }

    var inputs: String { session.inputs }
    private var prefix: String { target.layout.prefix }

    /// Lays out the switch on the host.
    ///
    /// - Parameters:
    ///   - staging: A directory on this machine with the inputs.
    ///   - state: A directory with opam's state of the switch, by absolute paths below it.
    ///   - layers: The layers, lowest first.
    func layOut(staging: String, state: String, layers: [(digest: Digest, unpacked: String)]) async throws {
        try await send(staging, excluding: [state.lastPathName], to: session.inputs)
        try await send(state + target.layout.root, to: target.layout.root)
        try await session.assemble(layers, at: prefix)
        try await session.noteContents(of: prefix, excluding: target.layout.discarded)
    }

    private func send(_ directory: String, excluding excluded: Set<String> = [], to path: String) async throws {
        let archive = try pack(directory, excluding: excluded)
        defer { unlink(archive) }
        try await session.unpack(archive, to: path)
    }

    /// Separate from `send`, because the optimiser of Swift 6.3.1 crashes if this `do` is in an async function.
    ///
    /// - Returns: The archive, which the caller must remove.
    private func pack(_ directory: String, excluding excluded: Set<String>) throws -> String {
        let archive = "\(changes).tar.zst"
        do {
            _ = try Packing(level: 1).pack(directory, excluding: excluded, to: archive)
        } catch {
            unlink(archive)
            throw error.failure
        }
        return archive
    }

    func stage(_ bytes: [UInt8], as name: String) async throws {
        try await session.write(bytes, to: "\(session.inputs)/\(name)")
    }

    func run(
        _ step: Step, limits: Limits, protection: BuildProtection?, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> CommandResult {
        do {
            var result = try await session.perform(step, in: target, limits: limits, output: output)
            // If the connection broke, the host kills the command, whose exit status is then meaningless.
            let isLost = result.ending == .connectionLost("") || session.isLost
            if !result.succeeded, result.ending != .cancelled, isLost {
                result.ending = .connectionLost("\(session.host.name) stopped responding")
            }
            return result
        } catch {
            return CommandResult(ending: .setupFailed("\(error)"))
        }
    }

    /// Always nil: a host has only one environment for all jobs of its target.
    func runAfresh(_ step: Step, limits: Limits) -> CommandResult? { nil }

    func read(_ path: FilePath) async throws -> [UInt8]? {
        try await session.read(path)
    }

    func readInstalled(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        try readPlainFile(path, below: changes, limit: limit)
    }

    /// Always false: files on a host can be written only by commands.
    func place(_ entries: [FilePath: PlacedEntry]) -> Bool { false }

    func installedChanges() async throws -> InstalledChanges {
        let parent = prefix.split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "\(changes)/\(parent)", withIntermediateDirectories: true)
        try await session.collectChanges(below: prefix, excluding: target.layout.discarded, to: changes + prefix)
        return InstalledChanges(upper: changes, lowers: lowers, prefix: prefix, owned: owned)
    }

    func filesInHome(limit: Int) async throws -> [String] {
        let home = target.environment.paths.home
        return try await session.files(
            below: home, excluding: [target.layout.root, BuildProtection.cache(home: home)], limit: limit)
    }

    func record(_ files: [FilePath: [UInt8]], perform: (Step) async throws -> Void) throws {
        for (path, bytes) in files {
            guard try writePlainFile(bytes, to: path, below: changes) else {
                throw PackageFailure(.install, "\(path): another kind of file was installed there")
            }
        }
    }

    func capture(into layers: LayerStore) throws -> Digest {
        try layers.capture(directory: changes, paths: [String(prefix.drop { $0 == "/" })]).digest
    }
}

/// A step requires root, but the login cannot become root.
struct RootRefused: ClassifiedError, CustomStringConvertible {
    var category: ErrorCategory { .unavailable }
    var description: String
}

extension RemoteSession {
    /// Runs a plugin's step on the host, unless its condition says that there is nothing to do.
    ///
    /// - Throws: `RootRefused`; `Failure` if the host does not respond.
    func perform(
        _ step: Step, in target: TargetEnvironment, limits: Limits, output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> CommandResult {
        if let question = step.unless {
            let asked = Step(
                "\(step.name)-unless", phase: step.phase, script: question, directory: step.directory,
                environment: step.environment)
            let answer = await run(target.command(asked, limits: limits)) { _ in }
            if answer.succeeded || answer.isInfrastructure || answer.ending == .cancelled { return answer }
        }
        if step.user == .root, let obstacle = try await obstacleToRoot() { throw RootRefused(description: obstacle) }
        return await run(target.command(step, limits: limits), output: output)
    }
}
