internal import Archive
internal import Foundation
internal import Glibc
package import Sandbox
package import Supervision
internal import TestSupport

/// A directory of a test's own with a small root file system, removed with it.
///
/// The root file system is made on the spot: empty directories, and the machine's own programs bound read-only.
package final class SandboxFixture: Sendable {
    private let directory: TemporaryDirectory
    package let layout: Sandbox.Layout

    package init(layers: [String] = []) throws {
        directory = try TemporaryDirectory()
        let base = directory("base")
        for name in ["etc", "home/build", "proc", "dev", "tmp", "usr", "var", "root"] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(name)", withIntermediateDirectories: true)
        }
        for name in ["bin", "sbin", "lib", "lib64"] where access("/\(name)", F_OK) == 0 {
            symlink("usr/\(name)", "\(base)/\(name)")
        }
        try "root:x:0:0::/root:/bin/sh\nbuild:x:1000:1000::/home/build:/bin/sh\n".write(
            toFile: base + "/etc/passwd", atomically: true, encoding: .utf8)
        let owner = IdentityMapping.ofThisProcess.stored(Owner(user: 1000, group: 1000))
        chown(base + "/home/build", owner.user, owner.group)
        layout = Sandbox.Layout(base: base, layers: layers, binds: [.init("/usr", at: "/usr")])
    }

    package var path: String { directory.path }

    package func sandbox(_ layers: [String] = []) throws -> Sandbox {
        var layout = layout
        layout.layers = layers
        return try Sandbox(layout, in: path + "/sandboxes")
    }

    package static let isSandboxPossible =
        access("/usr/bin/bwrap", X_OK) == 0 && access("/proc/self/ns/user", F_OK) == 0
}

/// Collects the output of a command.
package final class Output: @unchecked Sendable {
    private let lock = NSLock()
    private var bytes: [UInt8] = []

    package init() {}

    package func append(_ more: [UInt8]) { lock.withLock { bytes += more } }

    package var text: String { lock.withLock { String(decoding: bytes, as: UTF8.self) } }
}

extension Sandbox {
    /// Runs a script as its user, and returns its output.
    package func sh(
        _ script: String, user: Command.User = .build, network: Bool = false,
        limits: Limits = Limits(time: .seconds(30)), writableOnly: [Command.Access]? = nil
    ) async -> (result: CommandResult, output: String) {
        let output = Output()
        var command = Command(
            name: "test", .script(script), user: user, network: network,
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/home/build"],
            workingDirectory: "/home/build", limits: limits)
        command.writableOnly = writableOnly
        let result = await run(command) { output.append($0) }
        return (result, output.text)
    }
}
