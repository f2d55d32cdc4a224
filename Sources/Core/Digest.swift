internal import CCrypto

/// The SHA-256 of some bytes: the name of every content-addressed thing (jobs, logs, layers, plugins).
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hex: String

    /// Reads a digest back from its hexadecimal form; nil unless it is 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy(isLowerHex) else { return nil }
        self.hex = hex
    }

    /// The digest of `bytes`. Linear in their number.
    public init(of bytes: some ContiguousBytesCollection) {
        var hasher = MessageDigest(.sha256)
        hasher.update(bytes)
        hex = hasher.finish()
    }

    /// The digest of the UTF-8 form of `text`.
    public init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    package init(trusted hex: String) {
        self.hex = hex
    }

    public var description: String { hex }

    /// The first two digits: the directory that things named by this digest are sharded into.
    public var shard: String { String(hex.prefix(2)) }

    public static func < (left: Digest, right: Digest) -> Bool { left.hex < right.hex }
}

extension Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(hex: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected 64 lower-case hexadecimal digits, found '\(text)'")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

/// Bytes that lie in one piece.
public protocol ContiguousBytesCollection: Collection where Element == UInt8 {}
extension Array: ContiguousBytesCollection where Element == UInt8 {}
extension ArraySlice: ContiguousBytesCollection where Element == UInt8 {}
extension ContiguousArray: ContiguousBytesCollection where Element == UInt8 {}
extension UnsafeRawBufferPointer: ContiguousBytesCollection {}
extension UnsafeBufferPointer: ContiguousBytesCollection where Element == UInt8 {}

// Fetched once: libcrypto takes longer to find the function than to hash a small object with it.
private nonisolated(unsafe) let sha1Function = EVP_MD_fetch(nil, "SHA1", nil)
private nonisolated(unsafe) let sha256Function = EVP_MD_fetch(nil, "SHA256", nil)

/// Digests bytes that arrive in pieces, by any algorithm that opam's checksums use.
public struct MessageDigest: ~Copyable {
    /// A hash function, spelled as in opam files and in opam's cache directories.
    public enum Algorithm: String, Sendable, CaseIterable, Codable {
        case md5, sha1, sha256, sha384, sha512
    }

    private let context: OpaquePointer

    /// A hasher that has seen no bytes.
    public init(_ algorithm: Algorithm) {
        let function: OpaquePointer? =
            switch algorithm {
            case .md5: EVP_md5()
            case .sha1: sha1Function
            case .sha256: sha256Function
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, function, nil) == 1 else {
            fatalError("libcrypto has no \(algorithm.rawValue)")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds `bytes` to what is digested.
    public mutating func update(_ bytes: some ContiguousBytesCollection) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            _ = EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        if done == nil {
            update(Array(bytes))
        }
    }

    /// The digest of all bytes seen, in lower-case hexadecimal.
    public consuming func finish() -> String { hexadecimal(finishBytes()) }

    /// The digest of all bytes seen.
    package consuming func finishBytes() -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
            count = Int(length)
        }
    }
}

/// `bytes` in lower-case hexadecimal.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        for (at, byte) in bytes.enumerated() {
            buffer[at * 2] = digit(byte >> 4)
            buffer[at * 2 + 1] = digit(byte & 15)
        }
        return bytes.count * 2
    }
}

private func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}
