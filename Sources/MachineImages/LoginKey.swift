internal import Core
package import System

/// The public key that a machine's image trusts.
package struct LoginKey: Sendable, Hashable {
    /// Type and key, without a comment: one line of `authorized_keys`.
    package let line: String

    private static let types = [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// - Throws: `Failure` if the file is no public key of OpenSSH.
    package init(file: String) throws {
        guard let bytes = try FileSystem<SystemError>.contents(of: file, limit: 1 << 16) else {
            throw Failure(.input, "'\(file)': there is no such file", hint: "give the public key, as in ID.pub")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let words = lines.count == 1 ? lines[0].split(separator: " ", maxSplits: 2) : []
        guard words.count >= 2, Self.types.contains(String(words[0])), words[1].count <= 4096,
            words[1].utf8.allSatisfy(isBase64)
        else {
            throw Failure(
                .input, "'\(file)' is not a public key of OpenSSH: expected one line such as 'ssh-ed25519 AAAA…'",
                hint: lines.first?.contains("PRIVATE KEY") == true ? "give '\(file).pub'" : nil)
        }
        line = "\(words[0]) \(words[1])"
    }

    /// Makes a new pair of keys: the private one at `path`, the public one at `path.pub`.
    ///
    /// - Throws: `Failure` if it cannot be made, or there is a file.
    package static func make(at path: String, environment: ProcessEnvironment) async throws -> LoginKey {
        let completion: Subprocess.Completion
        do {
            completion = try await Subprocess(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ciso", "-f", path],
                environment: environment.variables, standardError: .joined, timeLimit: .seconds(60)
            ).run()
        } catch let error as SystemError {
            throw Failure(
                .unavailable, "a key cannot be made: \(error)", hint: "apt install openssh-client, or give --key")
        }
        guard completion.succeeded else {
            let reason = String(decoding: completion.output, as: UTF8.self).displayableOnOneLine
            throw Failure(.unavailable, "'\(path)': a key cannot be made: \(reason)")
        }
        return try LoginKey(file: "\(path).pub")
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
