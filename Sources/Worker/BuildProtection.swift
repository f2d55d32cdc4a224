internal import OpamSwitch
internal import Sandbox
internal import Supervision

/// What opam's own sandbox (`sandbox.sh`) keeps a package's commands from changing: everything but the build directory,
/// `/tmp` and dune's cache while it is built and tested; when it is installed, the switch may change, except for opam's
/// own files in it. So what fails with opam fails here, with the same message of the system.
struct BuildProtection: Hashable, Sendable {
    private let layout: SwitchLayout
    private let directory: String
    private let installs: Bool

    /// - Parameters:
    ///   - directory: the build directory.
    ///   - installs: whether the command installs the package.
    init(_ layout: SwitchLayout, directory: String, installs: Bool) {
        self.layout = layout
        self.directory = directory
        self.installs = installs
    }

    /// Dune's cache below the build user's home.
    static func cache(home: String) -> String { "\(home)/.cache/dune" }

    /// The same for the sandbox; later ones cover earlier ones.
    func mounts(home: String) -> [Command.Access] {
        let own = Command.Access(directory, isWritable: true)
        guard installs else { return [Command.Access(Self.cache(home: home), isWritable: true), own] }
        return [
            Command.Access(layout.prefix, isWritable: true), Command.Access(layout.metadata, isWritable: false), own,
        ]
    }
}
