package import Core
internal import Foundation

/// Users and passwords of registries, from a file in the format of docker, podman and skopeo.
package struct RegistryCredentials: Sendable {
    private let encoded: [String: String]

    /// No credentials.
    package init() {
        encoded = [:]
    }

    /// Reads docker's `config.json` or podman's `auth.json`.
    ///
    /// - Throws: `Failure` of the category `input` if the file cannot be read or parsed.
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

    /// `user:password` in base64 for a host with its port; nil if the file has no entry for it.
    func basic(for host: String) -> String? {
        encoded[host] ?? encoded.first { $0.key.hasSuffix("://\(host)") || $0.key.contains("://\(host)/") }?.value
    }
}
