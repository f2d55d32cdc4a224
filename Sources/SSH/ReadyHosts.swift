internal import Core

/// What is known of hosts that were made ready in this process.
actor ReadyHosts {
    private struct Key: Hashable {
        var host: HostAddress
        var environment: Digest
    }

    private var known: [Key: String] = [:]
    /// What the first host of each environment was: layers of one are used on all.
    private var models: [Digest: (host: HostAddress, facts: String)] = [:]

    func facts(of host: HostAddress, for environment: Digest) -> String? {
        known[Key(host: host, environment: environment)]
    }

    /// - Returns: a host of the environment that is something else.
    func add(_ host: HostAddress, facts: String, for environment: Digest) -> (host: String, facts: String)? {
        if let model = models[environment], model.facts != facts { return (model.host.destination, model.facts) }
        models[environment] = models[environment] ?? (host, facts)
        known[Key(host: host, environment: environment)] = facts
        return nil
    }
}
