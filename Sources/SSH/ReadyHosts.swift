internal import Core

/// The hosts that this process has prepared.
actor ReadyHosts {
    private struct Key: Hashable {
        var host: HostAddress
        var environment: Digest
    }

    private var known: [Key: String] = [:]
    /// The first host of each environment and its properties: layers built on one host are used on all.
    private var models: [Digest: (host: HostAddress, facts: String)] = [:]

    func facts(of host: HostAddress, for environment: Digest) -> String? {
        known[Key(host: host, environment: environment)]
    }

    /// - Returns: a host of the environment with different properties.
    func add(_ host: HostAddress, facts: String, for environment: Digest) -> (host: String, facts: String)? {
        if let model = models[environment], model.facts != facts { return (model.host.destination, model.facts) }
        models[environment] = models[environment] ?? (host, facts)
        known[Key(host: host, environment: environment)] = facts
        return nil
    }
}
