internal import CCrypto

/// A SHA-256 digest, which identifies every content-addressed value (jobs, logs, layers, plugins). 32 bytes.
public struct Digest: Hashable, Sendable, Comparable, BitwiseCopyable, CustomStringConvertible {
    // The bytes as big-endian words, so that comparing words is comparing bytes.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Parses 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        self.init(hex: hex.utf8)
    }

    /// Parses the bytes of the hexadecimal form; nil for anything else.
    package init?(hex digits: some Collection<UInt8>) {
        guard digits.count == 64 else { return nil }
        let digest =
            digits.withContiguousStorageIfAvailable { Self(hex: $0) }
            ?? Array(digits).withUnsafeBufferPointer { Self(hex: $0) }
        guard let digest else { return nil }
        self = digest
    }

    /// Parses the form in OCI documents and references, `sha256:` and 64 digits; nil for anything else.
    package init?(oci text: some StringProtocol) {
        guard text.hasPrefix(Self.ociPrefix) else { return nil }
        self.init(hex: text.dropFirst(Self.ociPrefix.count))
    }

    /// The form in OCI documents and references: `sha256:` and 64 digits.
    package var oci: String { Self.ociPrefix + hex }

    private static let ociPrefix = "sha256:"

    /// The digest of `bytes`, in linear time.
    public init(of bytes: some ContiguousBytesCollection) {
        var hasher = MessageDigest(.sha256)
        hasher.update(bytes)
        self.init(hasher)
    }

    /// The digest of `text` in UTF-8.
    public init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// The digest computed by `hasher`.
    ///
    /// - Precondition: `hasher` computes a SHA-256 digest.
    package init(_ hasher: consuming MessageDigest) {
        let bytes = hasher.finishBytes()
        precondition(bytes.count == 32, "a Digest is a SHA-256")
        words = bytes.withUnsafeBytes { buffer in
            func word(_ index: Int) -> UInt64 {
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
            }
            return (word(0), word(1), word(2), word(3))
        }
    }

    /// Parses the bytes of the hexadecimal form; nil for anything else.
    init?(hex digits: UnsafeBufferPointer<UInt8>) {
        guard digits.count == 64 else { return nil }
        func word(_ start: Int) -> UInt64? {
            guard let high = Self.value(ofHex: digits, at: start), let low = Self.value(ofHex: digits, at: start + 8)
            else { return nil }
            return high << 32 | low
        }
        guard let first = word(0), let second = word(16), let third = word(32), let fourth = word(48) else {
            return nil
        }
        words = (first, second, third, fourth)
    }

    /// The number that eight hexadecimal digits denote, all at once; nil for other bytes.
    private static func value(ofHex digits: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt64? {
        func all(_ byte: UInt64) -> UInt64 { byte * 0x0101_0101_0101_0101 }
        let text = UInt64(
            bigEndian: UnsafeRawBufferPointer(digits).loadUnaligned(fromByteOffset: start, as: UInt64.self))
        // One in each byte that can be a letter: those have bit 6.
        let letters = text >> 6 & all(1)
        let low = text & all(0x0F)
        guard text & all(0xF0) == all(0x30) + letters * 0x30 else { return nil }
        // Digits are at most 9, and letters 1 to 6, so that neither sum reaches 16; letters plus 15 do.
        guard (low + all(6) + letters * 3) & all(0x10) == 0, (low + letters * 15) & letters << 4 == letters << 4 else {
            return nil
        }
        var value = low + letters * 9
        value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
        value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
        return (value | value >> 16) & 0xFFFF_FFFF
    }

    /// The digest with all bits zero, which represents an unknown value.
    package static let zero = Digest(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Appends the hexadecimal form.
    package func appendHex(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { buffer in
            writeHex(to: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    private func writeHex(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        func write(_ word: UInt64, _ start: Int) {
            for (half, offset) in [(word >> 32, start), (word & 0xFFFF_FFFF, start + 8)] {
                bytes.storeBytes(of: Self.hexDigits(of: half).bigEndian, toByteOffset: offset, as: UInt64.self)
            }
        }
        write(words.0, 0)
        write(words.1, 16)
        write(words.2, 32)
        write(words.3, 48)
    }

    /// The eight hexadecimal digits of a number of 32 bits, all at once.
    private static func hexDigits(of number: UInt64) -> UInt64 {
        func all(_ byte: UInt64) -> UInt64 { byte * 0x0101_0101_0101_0101 }
        var spread = (number | number << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread | spread << 4) & all(0x0F)
        // One in each byte that is above 9.
        let letters = (spread + all(6)) >> 4 & all(1)
        return spread + all(0x30) + letters * 0x27
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 64) { buffer in
            writeHex(to: buffer)
            return 64
        }
    }

    public var description: String { hex }

    /// The first two digits: the directory of files named by this digest.
    public var shard: String { hexadecimal([UInt8(truncatingIfNeeded: words.0 >> 56)]) }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }
    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }

    /// Hashes a part of the digest, whose bits are evenly distributed.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: TextCodable {
    package static var textForm: String { "64 lower-case hexadecimal digits" }

    package init?(text: String) { self.init(hex: text) }
}

/// A collection of contiguous bytes.
public protocol ContiguousBytesCollection: Collection where Element == UInt8 {}
extension Array: ContiguousBytesCollection where Element == UInt8 {}
extension ArraySlice: ContiguousBytesCollection where Element == UInt8 {}
extension ContiguousArray: ContiguousBytesCollection where Element == UInt8 {}
extension UnsafeRawBufferPointer: ContiguousBytesCollection {}
extension UnsafeBufferPointer: ContiguousBytesCollection where Element == UInt8 {}

// Fetched once: libcrypto takes longer to look up the function than to hash a small object.
private nonisolated(unsafe) let sha1Function = EVP_MD_fetch(nil, "SHA1", nil)
private nonisolated(unsafe) let sha256Function = EVP_MD_fetch(nil, "SHA256", nil)

/// Computes the digest of bytes that arrive in pieces, by any algorithm of opam's checksums.
///
/// - SeeAlso: `docs/decisions/0003-libcrypto-digests.md`
public struct MessageDigest: ~Copyable {
    /// A hash function, named as in opam files and opam's cache directories.
    public enum Algorithm: String, Sendable, CaseIterable, Codable {
        case md5, sha1, sha256, sha384, sha512
    }

    private let context: OpaquePointer

    /// Creates a hasher without input.
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

    /// Appends `bytes` to the input.
    public mutating func update(_ bytes: some ContiguousBytesCollection) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            _ = EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        if done == nil {
            update(Array(bytes))
        }
    }

    /// The digest of the input in lower-case hexadecimal digits.
    public consuming func finish() -> String { hexadecimal(finishBytes()) }

    /// The digest of the input.
    package consuming func finishBytes() -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
            count = Int(length)
        }
    }
}

/// The lower-case hexadecimal form of `bytes`.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        for (position, byte) in bytes.enumerated() {
            buffer[position * 2] = hexDigit(byte >> 4)
            buffer[position * 2 + 1] = hexDigit(byte & 15)
        }
        return bytes.count * 2
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
}
