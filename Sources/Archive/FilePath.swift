internal import Foundation

/// A path or a file name: bytes without a zero, as in the kernel. They are usually UTF-8, but need not be.
///
/// Unlike strings, paths are equal only if their bytes are: `é` has two encodings, and both may be in one directory.
///
/// - SeeAlso: `docs/decisions/0132-path-bytes.md`
/// - SeeAlso: `docs/decisions/0150-encoded-names.md`
public struct FilePath: Hashable, Sendable {
    /// The bytes of the path, which need not be valid UTF-8.
    public let bytes: [UInt8]

    /// - Parameter bytes: the bytes; those from the first zero on are ignored.
    public init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes.prefix { $0 != 0 })
    }

    public init(_ text: some StringProtocol) {
        self.init(bytes: text.utf8)
    }

    /// The relative path with these components.
    init(joining components: some Sequence<FilePath>) {
        bytes = Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }

    /// The path in a C string.
    package init(cString: UnsafePointer<CChar>) {
        var bytes: [UInt8] = []
        var next = cString
        while next.pointee != 0 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
        self.bytes = bytes
    }

    /// Parses the form written by ``encoded``.
    public init(encoded text: some StringProtocol) {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == Self.percent, let value = Self.hexadecimalValue(of: rest.prefix(2)) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        self.init(bytes: bytes)
    }

    /// The path as text for JSON and for names in a store; different bytes give different texts. Control characters,
    /// and a `%` before two hexadecimal digits, are written as `%XX`; so is every byte above 127 of a path that is not
    /// UTF-8 in its composed form (NFC), because strings do not distinguish that form from others. Ordinary names are
    /// unchanged.
    public var encoded: String {
        let isUsual = text.map { Array($0.precomposedStringWithCanonicalMapping.utf8) == bytes } ?? false
        var encoded: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isLiteralPercent =
                byte == Self.percent && Self.hexadecimalValue(of: bytes.dropFirst(index + 1).prefix(2)) != nil
            if byte < 0x20 || byte == 0x7F || isLiteralPercent || byte > 0x7F && !isUsual {
                encoded += Array(("%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)).utf8)
            } else {
                encoded.append(byte)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The path as text; nil if it is not valid UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    private static let percent = UInt8(ascii: "%")

    private static func hexadecimalValue(of digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    /// The components between slashes.
    public var components: [FilePath] {
        bytes.split(separator: UInt8(ascii: "/")).map { FilePath(unchecked: Array($0)) }
    }

    /// The path without its last component; nil for a path with one component.
    public var parent: FilePath? {
        let names = components.dropLast().map(\.bytes)
        guard !names.isEmpty else { return nil }
        let slash = [UInt8(ascii: "/")]
        return FilePath(unchecked: (isAbsolute ? slash : []) + names.joined(separator: slash))
    }

    /// Whether the path is empty.
    public var isEmpty: Bool { bytes.isEmpty }
    /// Whether the path begins with a slash.
    public var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }

    /// The path of `name` in this directory; an empty path is the root of relative paths.
    public func appending(_ name: FilePath) -> FilePath {
        isEmpty ? name : FilePath(unchecked: bytes + [UInt8(ascii: "/")] + name.bytes)
    }

    /// Whether the bytes begin with those of `prefix`, which need not end at a slash.
    public func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    /// Calls `body` with the path as a C string, which is valid during the call.
    package func withCString<Value, Problem: Error>(
        _ body: (UnsafePointer<CChar>) throws(Problem) -> Value
    ) throws(Problem) -> Value {
        var terminated = bytes
        terminated.append(0)
        let outcome: Result<Value, Problem> = terminated.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                guard let base = characters.baseAddress else { preconditionFailure("the terminator is there") }
                do throws(Problem) {
                    return .success(try body(base))
                } catch {
                    return .failure(error)
                }
            }
        }
        return try outcome.get()
    }

    private init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension FilePath: Comparable {
    /// Compares bytes.
    public static func < (left: FilePath, right: FilePath) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension FilePath: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

extension FilePath: CustomStringConvertible {
    /// The path for messages: control characters and bytes that are not valid UTF-8 are written as `\xNN`.
    public var description: String {
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            if first >= 0x20, first != 0x7F, let scalar = String(validating: rest.prefix(length), as: UTF8.self) {
                text += scalar
                rest = rest.dropFirst(length)
            } else {
                text += "\\x" + (first < 16 ? "0" : "") + String(first, radix: 16)
                rest = rest.dropFirst()
            }
        }
        return text
    }
}
