internal import OpamSwitch
internal import Sandbox
internal import Supervision

/// The paths that opam's sandbox (`sandbox.sh`) protects from a package's commands: while it is built and tested,
/// everything except the build directory, `/tmp` and dune's cache; while it is installed, also everything except the
/// switch, but including opam's own files in the switch. Commands that fail with opam therefore fail here with the same
/// system error.
struct BuildProtection: Hashable, Sendable {
    private let layout: SwitchLayout
    private let directory: String
    private let installs: Bool

    /// - Parameters:
    ///   - directory: The build directory.
    ///   - installs: Whether the command installs the package.
    init(_ layout: SwitchLayout, directory: String, installs: Bool) {
        self.layout = layout
        self.directory = directory
        self.installs = installs
    }

    /// Dune's cache below the build user's home.
    static func cache(home: String) -> String { "\(home)/.cache/dune" }

    /// The protection as mounts of the sandbox; later ones cover earlier ones.
    func mounts(home: String) -> [Command.Access] {
        let own = Command.Access(directory, isWritable: true)
        guard installs else { return [Command.Access(Self.cache(home: home), isWritable: true), own] }
        return [
            Command.Access(layout.prefix, isWritable: true), Command.Access(layout.metadata, isWritable: false), own,
        ]
    }
}
