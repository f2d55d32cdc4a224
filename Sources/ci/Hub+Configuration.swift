internal import Core
internal import Foundation
internal import HTTP
internal import Hub
internal import Store
internal import System

extension Hub {
    /// The hub that the settings name; nil if they name none.
    ///
    /// - Parameters:
    ///   - flags: The command's options; nil for a command without them.
    ///   - hosts: The command's ssh options; nil for a command without them.
    init?(_ configuration: Configuration, _ flags: ServiceOptions?, _ hosts: HostOptions? = nil) throws {
        guard let url = try Settings.hub.value(flag: flags?.hub, in: configuration) else { return nil }
        let durability = try Settings.hubDurability.value(flag: flags?.hubDurability, in: configuration)
        try self.init(url, durability: durability ?? .local, configuration, flags, hosts)
    }

    /// The hub at `url`, with the trusted authorities and certificates of the settings.
    init(
        _ url: String, durability: Durability = .local, _ configuration: Configuration, _ flags: ServiceOptions?,
        _ hosts: HostOptions? = nil
    ) throws {
        let http = try HTTPSettings(configuration, flags)
        var trust = Trust()
        (trust.authorities, trust.certificate, trust.key) = (http.authorities, http.certificate, http.key)
        trust.sshConfiguration = try Settings.sshConfig.value(flag: hosts?.sshConfig, in: configuration)
        trust.knownHosts = try Settings.knownHosts.value(flag: hosts?.knownHosts, in: configuration)
        self.init(
            Self.absolute(url), durability: durability, trust: trust, environment: configuration.environment)
    }

    /// A relative path made absolute, because git runs in the store; other addresses unchanged.
    private static func absolute(_ url: String) -> String {
        let isPath = !url.prefix { $0 != "/" }.contains(":")
        guard isPath, !url.isEmpty, !url.hasPrefix("/"), !url.hasPrefix("-") else { return url }
        return URL(filePath: url).standardizedFileURL.path
    }

    /// Updates a store with the commits of the hub.
    ///
    /// - Throws: `HubError`, unless the settings count results in the local store as recorded.
    func update(_ store: Store) async throws {
        do {
            let replayed = try await BlockingWork.run { [self] in try HubUpdate(self, store).run() }
            guard !replayed.isEmpty else { return }
            let branches = replayed.map(\.name).joined(separator: ", ")
            StandardError.print("the hub had other results; rebased onto them: \(branches)")
        } catch let error as HubError where durability == .local {
            StandardError.print("\(error): continuing with the local store")
        }
    }
}
