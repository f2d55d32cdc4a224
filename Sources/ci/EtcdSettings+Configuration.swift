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
        guard let addresses = try Settings.coordination.value(flag: flags?.coordination, in: configuration) else {
            return nil
        }
        var settings = EtcdSettings(endpoints: addresses.endpoints, http: try HTTPSettings(configuration, flags))
        let prefix = try Settings.coordinationPrefix.value(flag: flags?.coordinationPrefix, in: configuration)
        settings.root = (prefix ?? "ciso") + "/"
        settings.user = try Settings.coordinationUser.value(flag: flags?.coordinationUser, in: configuration)
        let file = try Settings.coordinationPasswordFile.value(
            flag: flags?.coordinationPasswordFile, in: configuration)
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw Failure(.input, "\(file): cannot be read", hint: "expected the password of 'coordination-user'")
            }
            settings.password = text.trimmingCharacters(in: .newlines)
        }
        self.init(settings)
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
