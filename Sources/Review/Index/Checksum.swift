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
        func word(_ offset: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: position + offset, as: UInt64.self)
        }
        if bytes.count >= 64 {
            // Four at once, as none waits for the product of another.
            var lanes = (hash, ~hash, hash &+ 1, ~hash &+ 1)
            while position + 32 <= bytes.count {
                lanes.0 = Self.mix(lanes.0 ^ word(0))
                lanes.1 = Self.mix(lanes.1 ^ word(8))
                lanes.2 = Self.mix(lanes.2 ^ word(16))
                lanes.3 = Self.mix(lanes.3 ^ word(24))
                position += 32
            }
            hash = Self.mix(Self.mix(Self.mix(lanes.0 ^ lanes.1 &* 3) ^ lanes.2 &* 5) ^ lanes.3 &* 7)
        }
        while position + 8 <= bytes.count {
            hash = Self.mix(hash ^ word(0))
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
