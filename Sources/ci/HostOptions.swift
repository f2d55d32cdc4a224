internal import ArgumentParser
internal import Core
internal import Executor
internal import Worker

/// Which hosts are reached by ssh, and how.
struct HostOptions: ParsableArguments {
    @Option(name: .customLong("hosts"), help: Settings.hosts.help)
    var rules: String?

    @Option(name: .customLong("known-hosts"), help: Settings.knownHosts.help)
    var knownHosts: String?

    @Option(name: .customLong("ssh-config"), help: Settings.sshConfig.help)
    var sshConfig: String?

    @Option(name: .customLong("ssh-patience"), help: Settings.sshPatience.help)
    var sshPatience: Int?

    @Option(name: .customLong("host-patience"), help: Settings.hostPatience.help)
    var hostPatience: Int?

    func validate() throws {
        if let sshPatience, !(4...600).contains(sshPatience) {
            throw ValidationError("--ssh-patience \(sshPatience): expected a number from 4 to 600")
        }
        if let hostPatience, !(0...86_400).contains(hostPatience) {
            throw ValidationError("--host-patience \(hostPatience): expected a number from 0 to 86400")
        }
    }

    func settings(_ configuration: Configuration) throws -> HostSettings {
        let given = try rules.map { try HostSettings.rules(from: $0) }
        // The client sees what the user's own would: its agent, its home and how it is to be spoken to.
        let variables = configuration.environment.filter { name, _ in
            ["HOME", "USER", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "LANG", "LC_ALL"].contains(name)
        }
        return HostSettings(
            rules: try Settings.hosts.value(flag: given, in: configuration) ?? [],
            client: SSHClient(
                configuration: try Settings.sshConfig.value(flag: sshConfig, in: configuration),
                knownHosts: try Settings.knownHosts.value(flag: knownHosts, in: configuration),
                environment: variables,
                patience: try Settings.sshPatience.value(flag: sshPatience, in: configuration) ?? 20),
            patience: .seconds(try Settings.hostPatience.value(flag: hostPatience, in: configuration) ?? 60))
    }
}
