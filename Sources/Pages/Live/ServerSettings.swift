package import Core
internal import Foundation

/// What `ci serve` hands to the server, as JSON in the only argument of its program.
package struct ServerSettings: Codable, Sendable {
    /// The store's directory.
    package var store: String
    /// Nil: the only deployment of the store.
    package var deployment: String?
    /// Where the index of results is kept of a store that cannot be written; nil: nowhere.
    package var cache: String?
    /// The name or address to listen on, IPv6 without brackets.
    package var host: String
    /// 0: any free port.
    package var port: Int
    /// The site's address as readers see it; nil where that is not known.
    package var address: String?
    /// The file that the access log is appended to; nil: standard output.
    package var accessLog: String?
    /// Whether only errors are printed on standard error.
    package var isQuiet: Bool

    package init(
        store: String, deployment: String?, cache: String?, host: String, port: Int, address: String?,
        accessLog: String?, isQuiet: Bool
    ) {
        (self.store, self.deployment, self.cache) = (store, deployment, cache)
        (self.host, self.port, self.address) = (host, port, address)
        (self.accessLog, self.isQuiet) = (accessLog, isQuiet)
    }

    /// Reads the settings from a command line.
    ///
    /// - Throws: `Failure` where there is anything else than `ci serve` gives.
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
