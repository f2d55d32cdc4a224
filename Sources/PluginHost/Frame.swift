/// A message of the child process: a kind and bytes. The numbers are those of `ciso-plugin-host/frames.h`.
struct Frame {
    enum Kind: UInt32 {
        case call = 1
        case loaded = 16
        case unloadable = 17
        case noSymbol = 18
        case declined = 19
        case mismatch = 20
        case answer = 32
        case tooLarge = 33
        case broken = 34
    }

    static let headerSize = 8

    var kind: Kind
    var bytes: [UInt8]

    /// A frame that requests a call.
    static func call(_ name: String, request: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + [0] + request
        return littleEndian(UInt32(body.count)) + littleEndian(Kind.call.rawValue) + body
    }

    /// The unsigned number in `count` bytes at `offset`; nil if there are fewer.
    func number(at offset: Int, count: Int) -> UInt64? {
        guard offset + count <= bytes.count else { return nil }
        return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The zero-terminated texts from `offset` on.
    func texts(from offset: Int) -> [String] {
        bytes.dropFirst(offset).split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The whole contents as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

private func littleEndian(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}
