package import Core

/// A target whose jobs run on hosts that are reached by ssh.
package struct HostedTarget: Hashable, Sendable {
    /// The target's name.
    package var name: String
    /// The addresses in the matrix, separated by spaces.
    package var planned: String?
    /// The digest of the environment for which its hosts are prepared.
    package var environment: Digest
    /// The directory on a host in which workspaces are created.
    package var directory: String
    /// Directories of a host that are used by one job at a time, because built files contain their paths.
    package var claims: [String]
    /// Words before the shell's command line for root's steps.
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
