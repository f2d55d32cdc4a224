internal import Core
internal import Foundation
internal import Glibc
internal import System

/// The key with which this user logs in to machines.
package struct MachineKey: Hashable, Sendable {
    /// The file of the private key.
    package var path: String
    /// The public key, without a comment.
    package var publicKey: String

    private static let environment = ProcessEnvironment(["PATH": "/usr/bin:/bin"])
    /// The keys of files, each read once unless the file changes.
    private static let known = AsyncMemo<[String], MachineKey>()

    /// A key that exists.
    ///
    /// - Throws: `PermanentFailure` if it cannot be read without a passphrase.
    package static func existing(_ path: String) async throws -> MachineKey {
        guard let stamp = try? Files.stamp(of: path) else {
            throw PermanentFailure(
                "the key '\(path)' cannot be used: \(errorText(errno))",
                hint: "the file must be at this path on each worker")
        }
        return try await known.value(for: [path, "\(stamp)"]) {
            let publicKey = try await LoginKey.ofPrivateKey(path, environment: environment)
            return MachineKey(path: path, publicKey: publicKey.line)
        }
    }

    /// The key of this user's machines, generated if it does not exist.
    ///
    /// - Parameter directory: the directory of the key.
    package static func own(in directory: String) async throws -> MachineKey {
        let path = "\(directory)/key"
        if access(path, F_OK) != 0 { try await make(at: path, in: directory) }
        return try await existing(path)
    }

    private static func make(at path: String, in directory: String) async throws {
        try Files.makeDirectories(directory)
        let lock = try await ExclusiveLock.acquire("\(directory)/key.lock")
        defer { withExtendedLifetime(lock) {} }
        guard access(path, F_OK) != 0 else { return }
        let scratch = try Files.scratchDirectory(in: "\(directory)/incoming", mode: 0o700)
        _ = try await LoginKey.make(at: "\(scratch.path)/key", environment: environment)
        try Files.rename("\(scratch.path)/key", path)
    }

    /// The keys of the ssh server at a port of this machine, each `TYPE KEY`; none if it does not answer yet.
    package static func hostKeys(port: Int) async throws -> [String] {
        // QEMU accepts connections before the guest does, and a slow guest needs a long time for the keys.
        guard await BlockingWork.run({ isSSHServer(port: port) }) else { return [] }
        let completion = try await OpenSSHProgram.scanner.run(
            ["-T", "30", "-t", "ed25519,ecdsa,rsa", "-p", "\(port)", "127.0.0.1"], environment: environment)
        return String(decoding: completion.output, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap {
            line in
            let words = line.split(separator: " ")
            return words.count == 3 && words[0].hasPrefix("[127.0.0.1]") ? "\(words[1]) \(words[2])" : nil
        }
    }

    /// Whether the server at a port of this machine identifies itself as an ssh server within a few seconds.
    private static func isSSHServer(port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(clamping: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        var greeting = [UInt8](repeating: 0, count: 4)
        return isConnected && recv(socket, &greeting, 4, Int32(MSG_WAITALL)) == 4
            && greeting == Array("SSH-".utf8)
    }
}

/// Keys that a machine printed on its console when it booted.
package enum PrintedKeys {
    /// The host keys to trust: those of the server that were printed, or all if none was.
    ///
    /// - Returns: nil if the machine printed other keys.
    package static func trusted(_ found: [String], console: String) -> [String]? {
        let words = console.split(whereSeparator: \.isWhitespace)
        var printed: Set<String> = []
        for (type, key) in zip(words, words.dropFirst())
        where (type.hasPrefix("ssh-") || type.hasPrefix("ecdsa-")) && key.hasPrefix("AAAA") {
            printed.insert("\(type) \(key)")
        }
        guard !printed.isEmpty else { return found }
        let trusted = found.filter(printed.contains)
        return trusted.isEmpty ? nil : trusted
    }
}
