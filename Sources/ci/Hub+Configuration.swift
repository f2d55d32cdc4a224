internal import ArgumentParser
internal import Core
internal import HTTP
internal import Hub
internal import Store
internal import System

extension Hub.Durability: ExpressibleByArgument {}

extension Hub {
    /// What the settings name; nil where they name no hub.
    ///
    /// - Parameters:
    ///   - flags: of the command; nil where it has none of them.
    ///   - hosts: of the command, which say how ssh reaches a host; nil where it has none of them.
    init?(_ configuration: Configuration, _ flags: ServiceOptions?, _ hosts: HostOptions? = nil) throws {
        guard let url = try Settings.hub.value(flag: flags?.hub, in: configuration) else { return nil }
        let durability = try Settings.hubDurability.value(flag: flags?.hubDurability, in: configuration)
        try self.init(url, durability: durability ?? .local, configuration, flags, hosts)
    }

    /// The hub at `url`, with what the settings say of whom it trusts.
    init(
        _ url: String, durability: Durability = .local, _ configuration: Configuration, _ flags: ServiceOptions?,
        _ hosts: HostOptions? = nil
    ) throws {
        let http = try HTTPSettings(configuration, flags)
        var trust = Trust()
        (trust.authorities, trust.certificate, trust.key) = (http.authorities, http.certificate, http.key)
        trust.sshConfiguration = try Settings.sshConfig.value(flag: hosts?.sshConfig, in: configuration)
        trust.knownHosts = try Settings.knownHosts.value(flag: hosts?.knownHosts, in: configuration)
        self.init(url, durability: durability, trust: trust, environment: configuration.environment)
    }

    /// Brings a store up to date.
    ///
    /// - Throws: `HubError`, unless results count as recorded where only this store has them.
    func update(_ store: Store) async throws {
        do {
            _ = try await BlockingWork.run { [self] in try HubUpdate(self, store).run() }
        } catch let error as HubError where durability == .local {
            StandardError.print("\(error): going on with what is here")
        }
    }
}
