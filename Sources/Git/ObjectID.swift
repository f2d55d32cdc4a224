internal import Core

/// The id of a git object: the SHA-1 of its type, size and contents, 20 bytes.
public struct ObjectID: Hashable, Sendable, BitwiseCopyable {
    // The 20 bytes as big-endian words, so that comparing words is comparing bytes.
    let high: UInt64
    let middle: UInt64
    let low: UInt32

    init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Reads the 20 bytes at `address`, which may be unaligned.
    package init(at address: UnsafeRawPointer) {
        high = UInt64(bigEndian: address.loadUnaligned(as: UInt64.self))
        middle = UInt64(bigEndian: address.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        low = UInt32(bigEndian: address.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    }

    /// The first of the 20 bytes, which names the directory of a loose object.
    var firstByte: UInt8 { UInt8(truncatingIfNeeded: high >> 56) }

    /// Reads 20 bytes; nil for any other number of them.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        let array = Array(bytes)
        self = array.withUnsafeBytes { ObjectID(at: $0.baseAddress!) }
    }

    /// Parses 40 hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        var text = String(hex)
        guard let id = text.withUTF8({ Self(digits: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// Parses 40 hexadecimal digits; nil for anything else.
    public init?(hex: ArraySlice<UInt8>) {
        guard let id = hex.withUnsafeBytes(Self.init(digits:)) else { return nil }
        self = id
    }

    private init?(digits: UnsafeRawBufferPointer) {
        guard digits.count == 40 else { return nil }
        func word(_ range: Range<Int>) -> UInt64? {
            var word: UInt64 = 0
            for at in range {
                guard let value = hexValue(digits[at]) else { return nil }
                word = word << 4 | UInt64(value)
            }
            return word
        }
        guard let high = word(0..<16), let middle = word(16..<32), let low = word(32..<40) else { return nil }
        self.init(high: high, middle: middle, low: UInt32(low))
    }

    /// Hashes a part of the digest, which is already evenly distributed.
    public func hash(into hasher: inout Hasher) { hasher.combine(high) }

    /// The id of no object: "does not exist" in git's reference updates.
    public static let zero = ObjectID(high: 0, middle: 0, low: 0)

    /// The id of the empty directory.
    public static let emptyTree = ObjectID(
        high: 0x4b82_5dc6_42cb_6eb9, middle: 0xa060_e54b_f8d6_9288, low: 0xfbee_4904)

    /// The 20 bytes.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { buffer, count in
            write(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = 20
        }
    }

    /// Stores the 20 bytes at `address`.
    package func write(to address: UnsafeMutableRawPointer) {
        address.storeBytes(of: high.bigEndian, as: UInt64.self)
        address.storeBytes(of: middle.bigEndian, toByteOffset: 8, as: UInt64.self)
        address.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt32.self)
    }

    /// 40 lower-case hexadecimal digits.
    public var hex: String { hexadecimal(bytes) }
}

extension ObjectID: CustomStringConvertible, Comparable {
    public var description: String { hex }

    /// Compares bytes, the order of git's indexes.
    public static func < (left: Self, right: Self) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}

extension ObjectID: TextCodable {
    package static var textForm: String { "40 hexadecimal digits" }

    package init?(text: String) { self.init(hex: text) }
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
