internal import Core
package import System

/// The public key with which a user logs in to a machine.
package struct LoginKey: Sendable, Hashable {
    /// The type and the key without a comment: a line of `authorized_keys`.
    package let line: String

    private static let types = [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// - Returns: nil if the text is not one public key in OpenSSH's format.
    package init?(text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        let words = lines.count == 1 ? lines[0].split(separator: " ", maxSplits: 2) : []
        guard words.count >= 2, Self.types.contains(String(words[0])), words[1].count <= 4096,
            words[1].utf8.allSatisfy(isBase64)
        else { return nil }
        line = "\(words[0]) \(words[1])"
    }

    /// - Throws: `Failure` if the file is not a public key in OpenSSH's format.
    package init(file: String) throws {
        guard let bytes = try FileSystem<SystemError>.contents(of: file, limit: 1 << 16) else {
            throw Failure(.input, "'\(file)': there is no such file", hint: "give the public key, as in ID.pub")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let key = LoginKey(text: text) else {
            throw Failure(
                .input, "'\(file)' is not a public key of OpenSSH: expected one line such as 'ssh-ed25519 AAAA…'",
                hint: text.prefix { !$0.isNewline }.contains("PRIVATE KEY") ? "give '\(file).pub'" : nil)
        }
        self = key
    }

    /// Generates a key pair: the private key at `path`, without a passphrase, and the public key at `path.pub`.
    ///
    /// - Throws: `Failure` if it cannot be generated, or a file exists.
    package static func make(at path: String, environment: ProcessEnvironment) async throws -> LoginKey {
        let completion = try await OpenSSHProgram.generator.run(
            ["-q", "-t", "ed25519", "-N", "", "-C", "ciso", "-f", path], environment: environment)
        guard completion.succeeded else {
            let reason = String(decoding: completion.errors, as: UTF8.self).displayableOnOneLine
            throw Failure(.unavailable, "'\(path)': a key cannot be generated: \(reason)")
        }
        return try LoginKey(file: "\(path).pub")
    }

    /// The public key of the private key in a file.
    ///
    /// - Throws: `PermanentFailure` if it cannot be read without a passphrase.
    static func ofPrivateKey(_ path: String, environment: ProcessEnvironment) async throws -> LoginKey {
        let completion = try await OpenSSHProgram.generator.run(
            ["-y", "-P", "", "-f", path], environment: environment)
        if completion.succeeded, let key = LoginKey(text: String(decoding: completion.output, as: UTF8.self)) {
            return key
        }
        let errors = String(decoding: completion.errors, as: UTF8.self).split(whereSeparator: \.isNewline)
        let reason = errors.last.map { String($0).displayable }
        throw PermanentFailure(
            "the key '\(path)' cannot be used: \(reason ?? "ssh-keygen failed")",
            hint: "expected the file of a private key without a passphrase, with the permissions 0600")
    }
}

private func isBase64(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
        true
    default: false
    }
}
