package import Core
internal import Foundation

/// The settings that `ci serve` passes to the server program, as JSON in its only argument.
///
/// - SeeAlso: `docs/decisions/0249-server.md`
package struct ServerSettings: Codable, Sendable {
    /// The etcd through which the processes of a store coordinate, as the settings name it.
    package struct Coordination: Codable, Sendable {
        /// The addresses of its members.
        package var endpoints: [String]
        /// The prefix of its keys.
        package var root: String
        /// The user for authentication by a password; nil for none.
        package var user: String?
        /// The file with the user's password.
        package var passwordFile: String?
        /// A file with trusted authorities; nil: those of the system.
        package var authorities: String?
        /// A directory with such files.
        package var authorityDirectory: String?
        /// The file with the client's own certificate.
        package var certificate: String?
        /// The file with the key of that certificate.
        package var key: String?

        /// Without a user and without files of TLS.
        package init(endpoints: [String], root: String) {
            (self.endpoints, self.root) = (endpoints, root)
        }
    }

    /// The store's directory.
    package var store: String
    /// The deployment; nil for the only one in the store.
    package var deployment: String?
    /// The directory for the index of a store that cannot be written; nil to store no index.
    package var cache: String?
    /// The host name or address to listen on; IPv6 addresses without brackets.
    package var host: String
    /// The port; 0 for any free port.
    package var port: Int
    /// The public address of the site; nil if unknown.
    package var address: String?
    /// The file to which the access log is appended; nil for standard output.
    package var accessLog: String?
    /// Whether only errors are printed on standard error.
    package var isQuiet: Bool
    /// The etcd of the store's processes; nil if they coordinate through the store's directory.
    package var coordination: Coordination?

    package init(
        store: String, deployment: String?, cache: String?, host: String, port: Int, address: String?,
        accessLog: String?, isQuiet: Bool
    ) {
        (self.store, self.deployment, self.cache) = (store, deployment, cache)
        (self.host, self.port, self.address) = (host, port, address)
        (self.accessLog, self.isQuiet) = (accessLog, isQuiet)
    }

    /// Parses the settings from a command line.
    ///
    /// - Throws: `Failure` if the arguments are not those of `ci serve`.
    package init(arguments: [String]) throws(Failure) {
        guard arguments.count == 2, let settings = try? JSONDecoder().decode(Self.self, from: Data(arguments[1].utf8))
        else { throw Failure(.input, "ciso-serve is started by 'ci serve'", hint: "see 'ci serve --help'") }
        self = settings
    }

    /// The argument that `init(arguments:)` reads.
    package var argument: String {
        (try? CanonicalJSON.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
