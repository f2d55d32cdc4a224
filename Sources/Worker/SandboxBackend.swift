internal import Archive
internal import Core
internal import Foundation
internal import Layers
internal import OpamSwitch
internal import PluginMessages
internal import Sandbox
internal import Supervision
internal import System

/// A sandbox in which one job is built.
struct SandboxBackend: BuildBackend {
    let sandbox: Sandbox
    let target: TargetEnvironment
    /// A directory of this machine that is seen read-only inside, as `inputs`.
    let staging: String
    /// The layers with the inputs' files and opam's state, the topmost first.
    let owned: [OwnedLayer]

    /// Where the staging directory is seen.
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

    func read(_ path: String) throws -> [UInt8]? {
        try readPlainFile(path, below: sandbox.changes)
    }

    func installedChanges() -> InstalledChanges {
        let lowers = sandbox.layout.layers.reversed() + [sandbox.layout.base]
        return InstalledChanges(
            upper: sandbox.changes, lowers: Array(lowers), prefix: target.layout.prefix, owned: owned)
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
            if let folder = file.key.parent { lines.append("mkdir -p \(ShellWord.quoted(folder))") }
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
