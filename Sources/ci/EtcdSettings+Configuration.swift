internal import Core
internal import Etcd
internal import HTTP
internal import Registry
internal import Store

/// The addresses of the members of an etcd cluster, separated by commas.
struct EtcdAddresses: Sendable {
    let endpoints: [String]

    /// Parses addresses; nil if one of them is not just a scheme, a host and a port.
    init?(_ text: String) {
        let addresses = text.split(separator: ",")
        endpoints = addresses.compactMap { WebOrigin($0)?.text }
        guard !addresses.isEmpty, endpoints.count == addresses.count else { return nil }
    }
}

extension EtcdEphemeralValues {
    /// Ephemeral values in the etcd that the settings name; nil if they name none.
    ///
    /// - Parameter flags: The command's options; nil for a command without them.
    convenience init?(_ configuration: Configuration, _ flags: ServiceOptions?) throws {
        guard var settings = try EtcdSettings(configuration, flags) else { return nil }
        if let file = try EtcdSettings.passwordFile(configuration, flags) { try settings.readPassword(in: file) }
        self.init(settings)
    }
}

extension EtcdSettings {
    /// The etcd that the settings name, without the password; nil if they name none.
    ///
    /// - Parameter flags: The command's options; nil for a command without them.
    init?(_ configuration: Configuration, _ flags: ServiceOptions?) throws {
        guard let addresses = try Settings.coordination.value(flag: flags?.coordination, in: configuration) else {
            return nil
        }
        self.init(endpoints: addresses.endpoints, http: try HTTPSettings(configuration, flags))
        let prefix = try Settings.coordinationPrefix.value(flag: flags?.coordinationPrefix, in: configuration)
        root = (prefix ?? "ciso") + "/"
        user = try Settings.coordinationUser.value(flag: flags?.coordinationUser, in: configuration)
    }

    /// The file with the password of the user; nil if none is set.
    static func passwordFile(_ configuration: Configuration, _ flags: ServiceOptions?) throws -> String? {
        try Settings.coordinationPasswordFile.value(flag: flags?.coordinationPasswordFile, in: configuration)
    }
}

extension StoreOptions {
    /// The settings for coordination between processes and for shared services.
    ///
    /// - Parameter flags: The command's options; nil for a command without them.
    init(_ configuration: Configuration, _ flags: ServiceOptions? = nil) throws {
        self.init()
        coordination = try EtcdEphemeralValues(configuration, flags)
        guard let services = try BlobServices(configuration, flags) else { return }
        sharedLogs = services.blobs(.log)
        if coordination != nil { sharedObjects = services.objects }
    }
}
