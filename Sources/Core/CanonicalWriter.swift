/// Writes canonical JSON: the bytes of `CanonicalJSON.encode`, several times faster than `Encodable`, for documents of
/// which there are tens of thousands.
///
/// The caller must write the keys of an object in order.
package struct CanonicalWriter {
    private var bytes: [UInt8] = []
    private var depth = 0
    private var isFirst = true

    /// A document with one value.
    package static func document(_ body: (inout Self) -> Void) -> [UInt8] {
        var writer = CanonicalWriter()
        writer.bytes.reserveCapacity(1024)
        body(&writer)
        writer.bytes.append(UInt8(ascii: "\n"))
        return writer.bytes
    }

    /// A member of a document's outermost object, without separators: its key and an object.
    package static func member(_ key: String, _ body: (inout Self) -> Void) -> [UInt8] {
        var writer = CanonicalWriter()
        writer.bytes.reserveCapacity(1024)
        writer.depth = 1
        writer.write("  ")
        writer.string(key)
        writer.write(" : ")
        writer.object(body)
        return writer.bytes
    }

    /// Writes an object whose members are written by `body`.
    package mutating func object(_ body: (inout Self) -> Void) {
        enclose("{", "}", body)
    }

    /// Writes an array whose elements are written by `body`.
    package mutating func array<Element>(_ elements: [Element], _ body: (inout Self, Element) -> Void) {
        enclose("[", "]") { writer in
            for element in elements {
                writer.beginMember()
                body(&writer, element)
            }
        }
    }

    /// Writes the key of a member; its value must follow.
    package mutating func key(_ name: StaticString) {
        beginMember()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        write("\" : ")
    }

    /// Writes a member if it has a value, which is written by `body`.
    package mutating func optional<Value>(_ name: StaticString, _ value: Value?, _ body: (inout Self, Value) -> Void) {
        guard let value else { return }
        key(name)
        body(&self, value)
    }

    /// Writes a string member unless it is absent.
    package mutating func optional(_ name: StaticString, _ text: String?) { optional(name, text) { $0.string($1) } }

    /// Writes a digest member unless it is absent.
    package mutating func optional(_ name: StaticString, _ digest: Digest?) { optional(name, digest) { $0.digest($1) } }

    /// Writes an object with sorted keys, whose values are written by `body`.
    package mutating func dictionary<Value>(_ members: [String: Value], _ body: (inout Self, Value) -> Void) {
        enclose("{", "}") { writer in
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.beginMember()
                writer.string(key)
                writer.write(" : ")
                body(&writer, value)
            }
        }
    }

    /// Writes an integer.
    package mutating func number(_ number: some FixedWidthInteger) { bytes.append(contentsOf: String(number).utf8) }

    /// Writes a number, which must be finite.
    package mutating func double(_ number: Double) {
        let text = number.description
        bytes.append(contentsOf: text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...])
    }

    /// Writes `true` or `false`.
    package mutating func boolean(_ value: Bool) { write(value ? "true" : "false") }

    /// Writes a string in quotes, with the escapes of canonical JSON.
    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            if utf8.contains(where: Self.isEscaped) {
                for byte in utf8 { escape(byte) }
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a digest in quotes.
    package mutating func digest(_ digest: Digest) {
        bytes.append(UInt8(ascii: "\""))
        digest.appendHex(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case 0x08: write("\\b")
        case 0x0c: write("\\f")
        case UInt8(ascii: "\n"): write("\\n")
        case UInt8(ascii: "\r"): write("\\r")
        case UInt8(ascii: "\t"): write("\\t")
        case ..<0x20:
            write("\\u00")
            bytes.append(contentsOf: hexadecimal([byte]).utf8)
        default: bytes.append(byte)
        }
    }

    private mutating func enclose(_ open: StaticString, _ close: StaticString, _ body: (inout Self) -> Void) {
        write(open)
        depth += 1
        isFirst = true
        body(&self)
        depth -= 1
        // An object or array without members contains an empty line.
        if isFirst { bytes.append(UInt8(ascii: "\n")) }
        isFirst = false
        beginLine()
        write(close)
    }

    private mutating func beginMember() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        beginLine()
    }

    private mutating func beginLine() {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { write("  ") }
    }

    private mutating func write(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
