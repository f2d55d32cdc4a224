import Core
import Foundation
import Layers
import Model
import OpamSwitch
import PluginMessages
import Sandbox
import Supervision
import Synchronization
import TestSupport

@testable import Worker

/// The real opam client in the environment of a target, with a repository and a download cache at hand.
struct StockOpam {
    let sandbox: Sandbox
    let target: TargetEnvironment

    /// - Parameters:
    ///   - layers: the layers on top of the base and opam itself.
    ///   - systemPackages: further packages of the distribution that the packages need.
    init(
        in fixture: QuickstartFixture, systemPackages: [String] = [], layers: [String] = []
    ) async throws {
        target = try await TargetEnvironments(
            fixture.directories.environmentStore, catalog: fixture.catalog, variables: .ofTests
        ).environment(of: fixture.target) { _ in }
        let log = try JobLog("\(fixture.directories.logs)/stock-opam-\(UUID().uuidString)")
        defer { unlink(log.path) }
        let opam = try await SystemPackageLayers(fixture.directories).layer(
            of: Set(systemPackages + ["opam"]).sorted(), in: target, environment: fixture.target.environment, log: log
        ) { _ in }
        sandbox = try Sandbox(
            Sandbox.Layout(
                base: target.base, layers: (opam.map { [$0] } ?? []) + layers,
                binds: [
                    Sandbox.Bind(fixture.repositoryDirectory.path, at: "/ciso/repository"),
                    Sandbox.Bind(fixture.sourceCaches[0], at: "/ciso/cache"),
                ]),
            in: fixture.directories.scratch)
    }

    /// Runs a script as the user who builds.
    ///
    /// - Returns: its output, and whether it succeeded.
    func run(_ script: String) async -> (text: String, succeeded: Bool) {
        let said = Mutex("")
        let step = Step(
            "opam", phase: .build, script: script,
            environment: [
                "OPAMYES": "1", "OPAMCOLOR": "never", "OPAMROOT": target.layout.root, "OPAMASSUMEDEPEXTS": "1",
                "OPAMNOSELFUPGRADE": "1", "OPAMJOBS": String(ProcessInfo.processInfo.activeProcessorCount),
                "OPAMERRLOGLEN": "0",
            ])
        let result = await sandbox.run(target.command(step, limits: Limits())) { bytes in
            said.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        return (said.withLock { $0 }, result.succeeded)
    }

    /// Adds a repository to a root without one, and a download cache.
    static let repository = """
        echo 'archive-mirrors: ["file:///ciso/cache"]' >>"$OPAMROOT/config"
        opam repository add --kind=local default /ciso/repository
        """

    /// An empty switch with the system compiler.
    static func initialize(compiler: String) -> String {
        """
        opam init --bare --disable-sandboxing --no-setup -k local default /ciso/repository
        echo 'archive-mirrors: ["file:///ciso/cache"]' >>"$OPAMROOT/config"
        opam switch create default \(compiler)

        """
    }
}
