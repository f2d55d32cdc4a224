/// A package version, ordered as opam orders versions.
///
/// The order is Debian's without epochs (Debian Policy, "Version"): the text is split at its last `-`; each part
/// consists of alternating runs of non-digits and digits; in a run of non-digits `~` sorts before the end, the end
/// before letters, and letters before everything else; runs of digits compare as numbers.
///
/// Different texts can be equal in this order (`1.0`, `1.00`, `1.0-`). They are equal versions, as in opam.
///
/// - SeeAlso: `docs/decisions/0012-version-equality.md`
public struct Version: Sendable {
    /// The version as written; different texts may be equal versions.
    public let text: String

    /// Creates a version without checking it: see ``isValid(_:)``.
    public init(unchecked text: String) {
        self.text = text
    }

    /// Creates a version; nil if opam would not accept the text.
    public init?(_ text: String) {
        guard Self.isValid(text) else { return nil }
        self.text = text
    }

    /// Whether the text is not empty and has only letters, digits and `-_+.~`.
    public static func isValid(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isIdentifierCharacter || $0 == .plus || $0 == .dot || $0 == .tilde }
    }
}

extension Version: Comparable {
    public static func < (left: Version, right: Version) -> Bool {
        compare(left.text, right.text) < 0
    }

    public static func == (left: Version, right: Version) -> Bool {
        left.text == right.text || compare(left.text, right.text) == 0
    }

    /// Returns a negative number, zero or a positive number if `left` is less than, equal to or greater than `right`.
    ///
    /// - Complexity: O(length of the texts).
    public static func compare(_ left: String, _ right: String) -> Int {
        var left = left
        var right = right
        return left.withUTF8 { left in
            right.withUTF8 { right in compare(left, right) }
        }
    }

    static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        let leftDash = left.lastIndex(of: .minus) ?? left.count
        let rightDash = right.lastIndex(of: .minus) ?? right.count
        let upstream = comparePart(left[..<leftDash], right[..<rightDash])
        if upstream != 0 { return upstream }
        return comparePart(left[min(leftDash + 1, left.count)...], right[min(rightDash + 1, right.count)...])
    }

    private typealias Part = Slice<UnsafeBufferPointer<UInt8>>

    private static func comparePart(_ left: Part, _ right: Part) -> Int {
        var left = left
        var right = right
        while !left.isEmpty || !right.isEmpty {
            let letters = compareNonDigits(&left, &right)
            if letters != 0 { return letters }
            let number = compareNumbers(&left, &right)
            if number != 0 { return number }
        }
        return 0
    }

    private static func compareNonDigits(_ left: inout Part, _ right: inout Part) -> Int {
        while true {
            let order = rank(left.first) - rank(right.first)
            if order != 0 { return order }
            if rank(left.first) == 0 { return 0 }
            left.removeFirst()
            right.removeFirst()
        }
    }

    /// The rank of a byte in a run of non-digits; 0 is the rank of the end of the run.
    private static func rank(_ byte: UInt8?) -> Int {
        guard let byte, !byte.isDigit else { return 0 }
        if byte == .tilde { return -1 }
        return byte.isLetter ? Int(byte) : Int(byte) + 256
    }

    private static func compareNumbers(_ left: inout Part, _ right: inout Part) -> Int {
        let leftNumber = takeNumber(&left)
        let rightNumber = takeNumber(&right)
        if leftNumber.count != rightNumber.count { return leftNumber.count - rightNumber.count }
        for (a, b) in zip(leftNumber, rightNumber) where a != b {
            return Int(a) - Int(b)
        }
        return 0
    }

    /// Removes the leading run of digits and returns it without leading zeros.
    private static func takeNumber(_ part: inout Part) -> Part {
        let end = part.firstIndex { !$0.isDigit } ?? part.endIndex
        let start = part[..<end].firstIndex { $0 != .zero } ?? end
        let number = part[start..<end]
        part = part[end...]
        return number
    }
}

extension Version: Hashable {
    /// Hashes what the order depends on: numbers without leading zeros, and nothing for zero at the end of a part.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { bytes in
            let dash = bytes.lastIndex(of: .minus) ?? bytes.count
            Self.hash(bytes[..<dash], into: &hasher)
            hasher.combine(UInt8(0))
            Self.hash(bytes[min(dash + 1, bytes.count)...], into: &hasher)
        }
    }

    private static func hash(_ part: Part, into hasher: inout Hasher) {
        var rest = part
        while let byte = rest.first {
            if byte.isDigit {
                let number = takeNumber(&rest)
                if number.isEmpty && !rest.isEmpty { hasher.combine(UInt8.zero) }
                for digit in number { hasher.combine(digit) }
            } else {
                hasher.combine(byte)
                rest.removeFirst()
            }
        }
    }
}

extension Version: CustomStringConvertible {
    public var description: String { text }
}
