/// A JSON document that strictly conforms to RFC 8259: no trailing comma, no comment, no duplicate key.
///
/// Foundation's decoder is more lenient, but runners in other languages may not be.
indirect enum StrictJSON: Equatable {
    case object([String: StrictJSON])
    case array([StrictJSON])
    case string(String)
    /// The number as written.
    case number(String)
    case bool(Bool)
    case null

    /// A syntax error and its position.
    struct Malformed: Error, CustomStringConvertible {
        /// The line and the column in bytes, from 1.
        var line: Int
        var column: Int
        var message: String

        var description: String { "line \(line), column \(column): \(message)" }
    }

    /// - Throws: `Malformed`.
    init(_ bytes: [UInt8]) throws(Malformed) {
        var parser = Parser(bytes: bytes)
        self = try parser.document()
    }
}

private struct Parser {
    private static let maximumDepth = 100
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(StrictJSON.Malformed) -> StrictJSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw malformed("a byte order mark; expected a JSON object") }
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw malformed("text after the end of the document") }
        return value
    }

    private func malformed(_ message: String, at offset: Int? = nil) -> StrictJSON.Malformed {
        let before = bytes[..<min(offset ?? position, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return StrictJSON.Malformed(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: before.count - lineStart + 1, message: message)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(StrictJSON.Malformed) -> StrictJSON {
        guard depth < Self.maximumDepth else { throw malformed("nested more than \(Self.maximumDepth) deep") }
        skipSpace()
        guard let next else { throw malformed("the document ends where a value is expected") }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "'"): throw malformed("a text in single quotes; expected double quotes")
        default: throw malformed("expected a value")
        }
    }

    private mutating func word(_ text: String, _ value: StrictJSON) throws(StrictJSON.Malformed) -> StrictJSON {
        guard bytes[position...].starts(with: text.utf8) else { throw malformed("expected a value") }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(StrictJSON.Malformed) -> StrictJSON {
        position += 1
        var members: [String: StrictJSON] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            let start = position
            guard next == UInt8(ascii: "\"") else {
                throw malformed(
                    next == UInt8(ascii: "}") ? "a comma before '}'; remove it" : "expected a key in quotes")
            }
            let key = try string()
            skipSpace()
            guard take(":") else { throw malformed("expected ':' after the key '\(key)'") }
            guard members[key] == nil else { throw malformed("the key '\(key)' occurs twice; remove one", at: start) }
            members[key] = try value(depth: depth + 1)
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed("expected ',' or '}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(StrictJSON.Malformed) -> StrictJSON {
        position += 1
        var elements: [StrictJSON] = []
        skipSpace()
        if take("]") { return .array(elements) }
        repeat {
            skipSpace()
            if next == UInt8(ascii: "]") { throw malformed("a comma before ']'; remove it") }
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed("expected ',' or ']'") }
        return .array(elements)
    }

    private mutating func number() throws(StrictJSON.Malformed) -> StrictJSON {
        let start = position
        while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.wholeMatch(of: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/) != nil else {
            throw malformed("'\(text)' is not a JSON number", at: start)
        }
        return .number(text)
    }

    private mutating func string() throws(StrictJSON.Malformed) -> String {
        let start = position
        position += 1
        while let byte = next, byte != UInt8(ascii: "\"") {
            if byte < 0x20 { throw malformed("a control character in a text; expected an escape such as \\n") }
            if byte == UInt8(ascii: "\\") {
                position += 1
                guard let escaped = next, "\"\\/bfnrtu".utf8.contains(escaped) else {
                    throw malformed("'\\' begins no JSON escape here; write '\\\\' for a backslash")
                }
            }
            position += 1
        }
        guard take("\"") else { throw malformed("this text has no closing quote", at: start) }
        let literal = bytes[start..<position]
        guard String(validating: literal, as: UTF8.self) != nil else {
            throw malformed("this text is not UTF-8", at: start)
        }
        guard let text = try? JSONText.decode(Array(literal)) else {
            throw malformed("this text has an escape that is not a character", at: start)
        }
        return text
    }
}
