internal import ArgumentParser
internal import Core
internal import SSH
internal import System

/// The hosts that are reached by ssh, and how to connect to them.
struct HostOptions: ParsableArguments {
    @Option(name: .customLong("hosts"), help: Settings.hosts.help)
    var rules: String?

    @Option(name: .customLong("known-hosts"), help: Settings.knownHosts.help)
    var knownHosts: String?

    @Option(name: .customLong("ssh-config"), help: Settings.sshConfig.help)
    var sshConfig: String?

    @Option(name: .customLong("ssh-timeout"), help: Settings.sshTimeout.help)
    var sshTimeout: Int?

    @Option(name: .customLong("host-wait"), help: Settings.hostWait.help)
    var hostWait: Int?

    func validate() throws {
        if let sshTimeout, !(4...600).contains(sshTimeout) {
            throw ValidationError("--ssh-timeout \(sshTimeout): expected a number from 4 to 600")
        }
        if let hostWait, !(0...86_400).contains(hostWait) {
            throw ValidationError("--host-wait \(hostWait): expected a number from 0 to 86400")
        }
    }

    func settings(_ configuration: Configuration) throws -> HostSettings {
        let given = try rules.map { try HostSettings.rules(from: $0) }
        // The ssh client gets the variables that the user's own ssh would use: agent, home directory and locale.
        let variables = configuration.environment.variables.filter { name, _ in
            ["HOME", "USER", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "LANG", "LC_ALL", "TERM"].contains(name)
        }
        return HostSettings(
            rules: try Settings.hosts.value(flag: given, in: configuration) ?? [],
            client: SSHClient(
                configuration: try Settings.sshConfig.value(flag: sshConfig, in: configuration),
                knownHosts: try Settings.knownHosts.value(flag: knownHosts, in: configuration),
                environment: variables,
                timeout: try Settings.sshTimeout.value(flag: sshTimeout, in: configuration) ?? 20),
            hostWait: .seconds(try Settings.hostWait.value(flag: hostWait, in: configuration) ?? 60))
    }
}
