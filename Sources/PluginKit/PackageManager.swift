public import PluginMessages

/// A distro's package manager, as the two shell texts by which the kit's steps call it.
public struct PackageManager: Sendable {
    /// Installs the packages `"$@"`; run a second time it does nothing.
    public var install: String
    /// Succeeds where the package `$package` is installed; nil if only `install` can tell.
    public var isInstalled: String?
    /// Who runs its commands.
    public var user: Step.User
    /// Variables of both.
    public var environment: [String: String]

    public init(
        install: String, isInstalled: String? = nil, user: Step.User = .root, environment: [String: String] = [:]
    ) {
        self.install = install
        self.isInstalled = isInstalled
        self.user = user
        self.environment = environment
    }

    /// Installs packages in the environment. On a host it is not run where all of them are there already.
    ///
    /// - Parameter prelude: Run before the first package is installed.
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
