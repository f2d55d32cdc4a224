internal import Core
package import HTTP
package import Registry
internal import Synchronization

/// The registries of images with their mirrors and credentials.
package final class ImageRegistries: Sendable {
    private let http: HTTPClient
    private let credentials: @Sendable () throws -> RegistryCredentials
    private let mirrors: [String: String]
    private let timeout: Duration
    private let clients = Mutex<[RegistryAddress: RegistryImages]>([:])

    /// - Parameters:
    ///   - credentials: called before the first request to a registry.
    ///   - mirrors: URLs used instead of a registry, by the host in references: `docker.io` →
    ///     `https://mirror.example/hub`.
    ///   - timeout: how long requests to a registry that does not respond are repeated.
    package init(
        http: HTTPClient = HTTPClient(),
        credentials: @escaping @Sendable () throws -> RegistryCredentials = { RegistryCredentials() },
        mirrors: [String: String] = [:], timeout: Duration = .seconds(10)
    ) {
        self.http = http
        self.credentials = credentials
        self.mirrors = mirrors
        self.timeout = timeout
    }

    /// A repository of a registry.
    ///
    /// - Throws: `Failure` if a mirror's URL is invalid, or the credentials cannot be read.
    func repository(_ host: String, _ name: String) throws -> RegistryImages {
        let server = mirrors[host] ?? Self.server(of: host)
        guard let address = RegistryAddress("\(server)/\(name)") else {
            throw Failure(
                .input, "'\(server)/\(name)' is not the URL of a repository",
                hint: "write a mirror of images as HOST=https://ADDRESS")
        }
        return try clients.withLock { clients in
            if let known = clients[address] { return known }
            let client = try RegistryClient(address, http: http, credentials: credentials(), timeout: timeout)
            let images = RegistryImages(client)
            clients[address] = images
            return images
        }
    }

    /// Registries on this machine are accessed without TLS, as in docker.
    private static func server(of host: String) -> String {
        if host == "docker.io" { return "https://registry-1.docker.io" }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        let isLocal = name == "localhost" || name.hasPrefix("127.") || name == "[::1]"
        return "\(isLocal ? "http" : "https")://\(host)"
    }
}
