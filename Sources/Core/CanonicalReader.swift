/// Parses canonical JSON as written by `CanonicalWriter`, several times faster than `Decodable`. It fails with nil at
/// the first deviation: the document may still be valid JSON in another form.
///
/// It is public because the compiler specializes generic functions of other modules only if these are public.
public struct CanonicalReader {
    /// The document, which is valid during the call of `document`.
    @usableFromInline let bytes: UnsafeBufferPointer<UInt8>
    @usableFromInline var position = 0
    @usableFromInline var depth = 0
    @usableFromInline var isFirst = true

    /// Parses a document with one value; nil if it has another form.
    @inlinable
    public static func document<Value>(_ bytes: [UInt8], _ body: (inout Self) -> Value?) -> Value? {
        bytes.withUnsafeBufferPointer { bytes in
            var reader = CanonicalReader(bytes)
            let value = body(&reader)
            return reader.skip("\n") && reader.position == bytes.count ? value : nil
        }
    }

    @usableFromInline init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// Skips `text` if it comes next.
    @usableFromInline mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard count <= bytes.count - position else { return false }
        for offset in 0..<count where bytes[position + offset] != text.utf8Start[offset] { return false }
        position += count
        return true
    }

    // MARK: Objects and arrays

    /// Parses an object with at least one member; `body` reads the members.
    @inlinable
    public mutating func object<Value>(_ body: (inout Self) -> Value?) -> Value? {
        enclosed("{", "}", body)
    }

    /// Parses an array; `body` reads each element.
    @inlinable
    public mutating func array<Element>(_ body: (inout Self) -> Element?) -> [Element]? {
        enclosed("[", "]") { reader in
            var elements: [Element] = []
            while reader.beginMember() {
                guard let element = body(&reader) else { return nil }
                elements.append(element)
            }
            return elements
        }
    }

    /// Skips to the value of the object's next member if its key is `name`.
    public mutating func key(_ name: StaticString) -> Bool {
        let (start, wasFirst) = (position, isFirst)
        if beginMember(), skip("\""), skip(name), skip("\" : ") { return true }
        (position, isFirst) = (start, wasFirst)
        return false
    }

    /// Parses the value of the next member if its key is `name`; false if the value has another form.
    @inlinable
    public mutating func optional<Value>(
        _ name: StaticString, _ value: inout Value?, _ read: (inout Self) -> Value?
    ) -> Bool {
        guard key(name) else { return true }
        value = read(&self)
        return value != nil
    }

    /// Parses an object with arbitrary keys; `value` reads each value.
    @inlinable
    public mutating func dictionary<Value>(_ value: (inout Self) -> Value?) -> [(key: String, value: Value)]? {
        enclosed("{", "}") { reader in
            var members: [(key: String, value: Value)] = []
            while reader.beginMember() {
                guard let key = reader.string(), reader.skip(" : "), let value = value(&reader) else { return nil }
                members.append((key, value))
            }
            return members
        }
    }

    @inlinable
    mutating func enclosed<Value>(
        _ opening: StaticString, _ closing: StaticString, _ body: (inout Self) -> Value?
    ) -> Value? {
        guard skip(opening), skip("\n") else { return nil }
        let wasFirst = isFirst
        (depth, isFirst) = (depth + 1, true)
        guard let value = body(&self) else { return nil }
        (depth, isFirst) = (depth - 1, wasFirst)
        guard skip("\n"), indent(), skip(closing) else { return nil }
        return value
    }

    @usableFromInline mutating func beginMember() -> Bool {
        let start = position
        if (isFirst || skip(",\n")) && indent() {
            isFirst = false
            return true
        }
        position = start
        return false
    }

    @usableFromInline mutating func indent() -> Bool {
        for _ in 0..<depth {
            guard skip("  ") else { return false }
        }
        return true
    }

    // MARK: Values

    /// A quoted digest.
    public mutating func digest() -> Digest? {
        guard skip("\""), position + 64 <= bytes.count,
            let digest = Digest(hex: UnsafeBufferPointer(rebasing: bytes[position..<(position + 64)]))
        else { return nil }
        position += 64
        return skip("\"") ? digest : nil
    }

    /// A string.
    public mutating func string() -> String? {
        guard skip("\"") else { return nil }
        let start = position
        var isEscaped = false
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] < 0x20 { return nil }
            if bytes[position] == UInt8(ascii: "\\") {
                isEscaped = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else { return nil }
        position += 1
        let contents = bytes[start..<(position - 1)]
        return isEscaped
            ? unescaped(contents).flatMap { String(validating: $0, as: UTF8.self) }
            : String(validating: contents, as: UTF8.self)
    }

    private func unescaped(_ contents: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8]? {
        var plain: [UInt8] = []
        plain.reserveCapacity(contents.count)
        var rest = contents
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): plain.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\""): plain.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): plain.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "t"): plain.append(UInt8(ascii: "\t"))
            default: return nil
            }
        }
        return plain
    }

    /// `true` or `false`; nil for anything else.
    public mutating func boolean() -> Bool? {
        skip("true") ? true : skip("false") ? false : nil
    }

    /// A number, optionally with a fraction and an exponent.
    public mutating func double() -> Double? {
        let start = position
        _ = skip("-")
        // JSON does not allow a number with more digits after a leading zero.
        guard skip("0") || digits() else { return nil }
        if skip("."), !digits() { return nil }
        if skip("e") {
            _ = skip("+") || skip("-")
            guard digits() else { return nil }
        }
        return Double(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// Skips digits; false if there are none.
    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
        return position > start
    }

    /// An integer; nil for anything else.
    public mutating func number<Number: FixedWidthInteger>() -> Number? {
        let start = position
        while position < bytes.count, bytes[position] == UInt8(ascii: "-") || (48...57).contains(bytes[position]) {
            position += 1
        }
        let digits = UnsafeBufferPointer(rebasing: bytes[start..<position])
        // Most numbers have few digits.
        if (1...18).contains(digits.count), digits.count == 1 || digits[0] != UInt8(ascii: "0"),
            !digits.contains(UInt8(ascii: "-"))
        {
            return Number(exactly: digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        }
        let text = String(decoding: digits, as: UTF8.self)
        guard let number = Number(text), String(number) == text else { return nil }
        return number
    }
}
