package import Core

/// A target whose jobs run on hosts that are reached by ssh.
package struct HostedTarget: Hashable, Sendable {
    /// The target's name.
    package var name: String
    /// The addresses that the matrix names, separated by spaces.
    package var planned: String?
    /// Of the environment that its hosts are made ready for.
    package var environment: Digest
    /// The directory on a host in which workspaces are made.
    package var directory: String
    /// Directories of a host that belong to one job at a time, because what is built contains their paths.
    package var claims: [String]
    /// Words before the shell's for steps of root.
    package var elevation: [String]

    package init(
        name: String, planned: String?, environment: Digest, directory: String = "/var/tmp/ciso", claims: [String] = [],
        elevation: [String] = []
    ) {
        self.name = name
        self.planned = planned
        self.environment = environment
        self.directory = directory
        self.claims = claims
        self.elevation = elevation
    }
}
