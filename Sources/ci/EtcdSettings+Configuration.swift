internal import ArgumentParser
internal import Core
internal import Etcd
internal import Foundation
internal import HTTP
internal import Registry
internal import Store

/// The addresses of the members of an etcd cluster, separated by commas.
struct EtcdAddresses: ExpressibleByArgument, Sendable {
    let endpoints: [String]

    init?(argument: String) {
        endpoints = argument.split(separator: ",").map(String.init)
        let areAddresses = endpoints.allSatisfy { address in
            let url = URL(string: address)
            return ["http", "https"].contains(url?.scheme) && url?.host() != nil && url?.user == nil
        }
        guard areAddresses, !endpoints.isEmpty else { return nil }
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
