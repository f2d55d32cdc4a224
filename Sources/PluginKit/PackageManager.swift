public import PluginMessages

/// A package manager, as two shell commands that the kit's steps run.
public struct PackageManager: Sendable {
    /// Installs the packages `"$@"`; does nothing when run again.
    public var install: String
    /// Succeeds if the package `$package` is installed; nil if only `install` can determine that.
    public var isInstalled: String?
    /// The user that runs its commands.
    public var user: Step.User
    /// Environment variables of both commands.
    public var environment: [String: String]

    public init(
        install: String, isInstalled: String? = nil, user: Step.User = .root, environment: [String: String] = [:]
    ) {
        self.install = install
        self.isInstalled = isInstalled
        self.user = user
        self.environment = environment
    }

    /// Installs packages in the environment. On a host it is skipped if all of them are installed.
    ///
    /// - Parameter prelude: Commands to run before the first package is installed.
    public func step(
        _ packages: [String], named name: String = "install-system-packages", phase: Step.Phase = .depext,
        prelude: String = ""
    ) -> Step {
        Step(
            name, phase: phase, script: prelude + "set -- \(shellQuoted(packages))\n" + install + "\n", user: user,
            environment: environment, network: true, idempotent: true, unless: question(packages))
    }

    private func question(_ packages: [String]) -> String? {
        isInstalled.map { text in
            """
            for package in \(shellQuoted(packages)); do
                { \(text); } >/dev/null 2>&1 || exit 1
            done

            """
        }
    }
}
