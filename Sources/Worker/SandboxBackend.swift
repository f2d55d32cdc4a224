internal import Archive
internal import Core
internal import Foundation
internal import Layers
internal import OpamSwitch
internal import PluginMessages
internal import Sandbox
internal import ShellQuoting
internal import Supervision

/// A backend that builds a job in a sandbox.
struct SandboxBackend: BuildBackend {
    let sandbox: Sandbox
    let target: TargetEnvironment
    /// A directory on this machine that is mounted read-only at `inputs`.
    let staging: String
    /// The layers with the inputs' files and opam's state, topmost first.
    let owned: [OwnedLayer]

    /// The path of the staging directory in the sandbox.
    static let inputs = "/ciso"

    var inputs: String { Self.inputs }

    func stage(_ bytes: [UInt8], as name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(staging)/\(name)"))
    }

    func run(
        _ step: Step, limits: Limits, protection: BuildProtection?, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> CommandResult {
        var command = target.command(step, limits: limits)
        command.writableOnly = protection?.mounts(home: target.environment.paths.home)
        return await sandbox.run(command, output: output)
    }

    func runAfresh(_ step: Step, limits: Limits) async throws -> CommandResult? {
        let scratch = URL(fileURLWithPath: staging).deletingLastPathComponent().path
        let fresh = SandboxBackend(
            sandbox: try Sandbox(sandbox.layout, in: scratch), target: target, staging: staging, owned: owned)
        return await fresh.run(step, limits: limits, protection: nil) { _ in }
    }

    func read(_ path: FilePath) throws -> [UInt8]? {
        try readPlainFile(path, below: sandbox.changes)
    }

    func readInstalled(_ path: FilePath, limit: Int) throws -> [UInt8]? {
        try readPlainFile(path, below: sandbox.changes, limit: limit)
    }

    /// Paths at which other file systems are mounted over the overlay.
    private static let hidden = Set([inputs, "/dev", "/proc", "/tmp"].map { FilePath($0.dropFirst()) })
    /// The size of an input in bytes above which it is copied by a command.
    private static let copiedSize = 1 << 20

    func place(_ entries: [FilePath: PlacedEntry]) throws -> Bool {
        let identities = IdentityMapping.ofThisProcess
        let builder = identities.stored(target.buildUser)
        let placement = OverlayPlacement(
            upper: sandbox.changes, lowers: lowers, owner: Owner(user: builder.uid, group: builder.gid),
            setsOwner: identities.hasSeveralUsers)
        var placed: [FilePath: OverlayPlacement.Entry] = [:]
        for (path, entry) in entries {
            guard let first = path.components.first, !Self.hidden.contains(first) else { return false }
            switch entry {
            case .directory: placed[path] = .directory
            case .file(let bytes): placed[path] = .file(bytes)
            case .input(let name):
                guard let file = try input(name) else { return false }
                placed[path] = file
            }
        }
        return try placement.place(placed)
    }

    /// A small input with the mode that `cp` gives it under the umask 022; nil for other inputs.
    private func input(_ name: String) throws -> OverlayPlacement.Entry? {
        var status = stat()
        guard stat("\(staging)/\(name)", &status) == 0,
            let bytes = try readPlainFile(FilePath(name), below: staging, limit: Self.copiedSize)
        else { return nil }
        return .file(bytes, mode: status.st_mode & 0o755)
    }

    /// The lower directories, topmost first.
    private var lowers: [String] { sandbox.layout.layers.reversed() + [sandbox.layout.base] }

    func installedChanges() -> InstalledChanges {
        InstalledChanges(upper: sandbox.changes, lowers: lowers, prefix: target.layout.prefix, owned: owned)
    }

    func filesInHome(limit: Int) -> [String] {
        let home = target.environment.paths.home
        let skipped = [target.layout.root, BuildProtection.cache(home: home)]
        let entries = FileManager.default.enumerator(atPath: sandbox.changes + home)
        var found: [String] = []
        while found.count < limit, let path = entries?.nextObject() as? String {
            if skipped.contains("\(home)/\(path)") {
                entries?.skipDescendants()
            } else if entries?.fileAttributes?[.type] as? FileAttributeType != .typeDirectory {
                found.append("\(home)/\(path)")
            }
        }
        return found
    }

    func record(_ files: [FilePath: [UInt8]], perform: (Step) async throws -> Void) async throws {
        var lines = ["umask 022"]
        for (number, file) in files.sorted(by: { $0.key < $1.key }).enumerated() {
            let staged = "record-\(number)"
            try stage(file.value, as: staged)
            if let directory = file.key.parent { lines.append("mkdir -p \(ShellWord.quoted(directory))") }
            lines.append("cp \(inputs)/\(staged) \(ShellWord.quoted(file.key))")
        }
        try await perform(
            Step(
                "record", phase: .install, script: lines.joined(separator: "\n") + "\n",
                directory: target.layout.prefix))
    }

    func capture(into layers: LayerStore) throws -> Digest {
        try layers.capture(
            sandbox, paths: [String(target.layout.prefix.drop { $0 == "/" })],
            excluding: Set(target.layout.discarded.map { String($0.drop { $0 == "/" }) })
        ).digest
    }
}
