package import Core
internal import Foundation

/// Users and passwords of registries, from a file as docker, podman and skopeo write it.
package struct RegistryCredentials: Sendable {
    private let encoded: [String: String]

    /// No credentials.
    package init() {
        encoded = [:]
    }

    /// Reads `config.json` of docker or `auth.json` of podman.
    ///
    /// - Throws: `Failure` where the file cannot be read or understood.
    package init(file: String) throws(Failure) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure(
                .input, "\(file): cannot be read", hint: "'skopeo login --authfile FILE HOST' writes such a file")
        }
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw Failure(
                .input, "\(file): expected JSON with 'auths', as 'docker login' writes it",
                hint: "credential helpers are not supported")
        }
        encoded = (contents.auths ?? [:]).compactMapValues(\.auth)
    }

    private struct Contents: Decodable {
        struct Entry: Decodable {
            var auth: String?
        }

        var auths: [String: Entry]?
    }

    /// `user:password` in base64, for a host with its port; nil where there is none.
    func basic(for host: String) -> String? {
        encoded[host] ?? encoded.first { $0.key.hasSuffix("://\(host)") || $0.key.contains("://\(host)/") }?.value
    }
}
