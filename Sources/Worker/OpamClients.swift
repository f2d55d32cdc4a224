internal import Core
internal import Foundation
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginMessages
internal import RunnerInterface
internal import Sandbox
internal import ShellQuoting
internal import Supervision
internal import Synchronization
internal import System

/// Checks, once for each environment, that its opam client has the planned version and works.
actor OpamClients {
    private let directories: WorkerDirectories
    private let running = AsyncMemo<Digest, Void>(keepingValues: false)

    init(_ directories: WorkerDirectories) {
        self.directories = directories
    }

    /// Lets the client install an empty package, unless it has done so before.
    ///
    /// - Throws: `Failure` of the category `unavailable` if that fails.
    func check(_ client: OpamClient, environment: Digest) async throws {
        let mark = "\(directories.clients)/\(environment)"
        try await running.value(for: environment) { [scratch = directories.scratch] in
            if FileManager.default.fileExists(atPath: mark) { return }
            try await Self.try(client, in: scratch)
            try Data().write(to: URL(fileURLWithPath: mark))
        }
    }

    /// An opam file whose commands create one file, which proves that they were run.
    private static let opam = """
        opam-version: "2.0"
        build: ["sh" "-c" "echo works >check"]
        install: ["cp" "check" "%{share}%/check"]

        """

    private static func `try`(_ client: OpamClient, in scratch: String) async throws {
        let target = client.target
        let staging = try Files.scratchDirectory(in: scratch)
        let (state, layer) = ("\(staging.path)/state", OpamClient.layer(in: staging))
        try StateLayer(state, over: target.base, owner: target.buildUser).write(
            SwitchState(layout: target.layout, installed: [], user: target.environment.buildUser.name))
        try client.layOut(
            ClientState.Member(name: "check", version: "1", opam: Array(opam.utf8), inputs: []), in: layer)
        let sandbox = try Sandbox(
            Sandbox.Layout(
                base: target.base, layers: [state, layer],
                binds: [Sandbox.Bind(staging.path, at: SandboxBackend.inputs)]),
            in: scratch)
        var step = client.step(installing: "check.1", withTests: false, jobs: 1)
        step.script =
            ShellWord.assignments(["expected": client.version, "file": "\(target.layout.prefix)/share/check"])
            + String(decoding: PackageResources.check_client_sh, as: UTF8.self)
        let output = Mutex("")
        let result = await sandbox.run(target.command(step, limits: Limits(time: .seconds(120)))) { bytes in
            output.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        if result.ending == .cancelled { throw CancellationError() }
        guard result.succeeded else {
            let line = output.withLock { $0 }.split(separator: "\n").last { !$0.isEmpty }
            throw Failure(
                .unavailable,
                "target '\(target.request.target)': its opam client does not work: \(line ?? ""), \(result.ending)")
        }
    }
}
