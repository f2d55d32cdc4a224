internal import ArgumentParser
internal import Core
internal import SSH
internal import System

/// The hosts that are reached by ssh, and how to connect to them.
struct HostOptions: ParsableArguments {
    @Option(name: .customLong("hosts"), help: Settings.hosts.help)
    var rules: String?

    @Option(Settings.knownHosts)
    var knownHosts: String?

    @Option(Settings.sshConfig)
    var sshConfig: String?

    @Option(Settings.sshTimeout)
    var sshTimeout: Int?

    @Option(Settings.hostWait)
    var hostWait: Int?

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
                environment: variables, temporary: configuration.environment.temporaryDirectory,
                timeout: try Settings.sshTimeout.value(flag: sshTimeout, in: configuration) ?? 20),
            hostWait: .seconds(try Settings.hostWait.value(flag: hostWait, in: configuration) ?? 60))
    }
}
