package import Core
internal import Foundation
package import Store
internal import System

/// A token that permits changes through the web interface. Only its owner knows its secret.
package struct AccessToken: Codable, Hashable, Sendable {
    /// A permission of a token.
    package enum Permission: String, Codable, Sendable, CaseIterable {
        case retry, cancel
    }

    /// The name, unique in the store, which the access log contains.
    package var name: String
    /// What the owner may do.
    package var permissions: [Permission]
    /// The time of its creation in seconds since 1970.
    package var created: Int
    /// The digest of the secret.
    fileprivate var digest: Digest
}

/// The tokens of a store: a file that only its owner can read, and that is in no branch.
///
/// A secret has 256 random bits, so that it cannot be found from its unsalted digest.
package struct AccessTokens: Sendable {
    private let path: String

    /// - Throws: `Failure` of the category `input` for a plain clone, which has no tokens.
    package init(in store: Store) throws(Failure) {
        guard let directory = store.privateDirectory else {
            throw Failure(
                .input, "'\(store.path)' is a clone, which has no tokens", hint: "name the store itself with --store")
        }
        path = "\(directory)/tokens.json"
    }

    /// All tokens, by their names.
    ///
    /// - Throws: `Failure` if the file is damaged or cannot be read.
    package func all() throws -> [AccessToken] {
        guard let bytes = try FileSystem<SystemError>.contents(of: path) else { return [] }
        return try CanonicalJSON.decode([AccessToken].self, from: bytes).sorted { $0.name < $1.name }
    }

    /// Creates a token.
    ///
    /// - Returns: Its secret, which is not stored.
    /// - Throws: `Failure` of the category `input` if the name exists or is invalid.
    package func make(_ name: String, permissions: [AccessToken.Permission]) throws -> String {
        let isPlain =
            !name.isEmpty && name.count <= 64
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.@".contains($0)) }
        guard isPlain else {
            throw Failure(
                .input, "'\(name.displayableOnOneLine)' cannot name a token",
                hint: "use up to 64 letters, digits and '-', '_', '.', '@'")
        }
        let secret = hexadecimal((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        try change { tokens in
            guard !tokens.contains(where: { $0.name == name }) else {
                throw Failure(
                    .input, "there is a token '\(name)' already", hint: "remove it first: ci token remove \(name)")
            }
            tokens.append(
                AccessToken(
                    name: name, permissions: permissions, created: Int(Date().timeIntervalSince1970),
                    digest: Digest(of: secret)))
        }
        return secret
    }

    /// Removes a token, whose secret becomes invalid.
    ///
    /// - Throws: `Failure` of the category `input` if there is no token with this name.
    package func remove(_ name: String) throws {
        try change { tokens in
            guard tokens.contains(where: { $0.name == name }) else {
                throw Failure(
                    .input, "there is no token '\(name.displayableOnOneLine)'",
                    hint: nearest(to: name, in: tokens.map(\.name)).map { "did you mean '\($0)'?" }
                        ?? "'ci token list' lists them")
            }
            tokens.removeAll { $0.name == name }
        }
    }

    /// The token with a secret; nil if there is none.
    ///
    /// Takes constant time: the whole digest is compared with that of every token.
    package func token(withSecret secret: String) throws -> AccessToken? {
        guard secret.utf8.count <= 256 else { return nil }
        let digest = Array(Digest(of: secret).hex.utf8)
        var found: AccessToken?
        for token in try all() {
            let difference = zip(digest, token.digest.hex.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { found = token }
        }
        return found
    }

    private func change(_ body: (inout [AccessToken]) throws -> Void) throws {
        let lock = try FileSystem<SystemError>.File("\(path).lock", O_RDWR | O_CREAT, mode: 0o600)
        guard try lock.lock(within: .seconds(10)) else {
            throw Failure(.unavailable, "another process changes the tokens", hint: "try again")
        }
        defer { lock.unlock() }
        var tokens = try all()
        try body(&tokens)
        try FileSystem<SystemError>.replace(path, with: [UInt8](try CanonicalJSON.encode(tokens)), mode: 0o600)
    }
}
