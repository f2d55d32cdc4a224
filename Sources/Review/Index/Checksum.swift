/// A non-cryptographic checksum that detects accidental damage.
struct Checksum: Equatable, Sendable {
    private(set) var value: UInt64

    /// The checksum of no bytes.
    init() { value = 0x9E37_79B9_7F4A_7C15 }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.init()
        add(bytes)
    }

    /// Adds bytes. The result depends on how the input is split into calls.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var hash = value ^ UInt64(bytes.count)
        var position = 0
        while position + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            hash = Self.mix(hash ^ word)
            position += 8
        }
        var rest: UInt64 = 0
        while position < bytes.count {
            rest = rest << 8 | UInt64(bytes[position])
            position += 1
        }
        hash = Self.mix(hash ^ rest)
        value = hash ^ hash >> 29
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        let (high, low) = word.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return high ^ low
    }
}
