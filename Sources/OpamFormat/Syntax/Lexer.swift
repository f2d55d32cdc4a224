/// Splits a file into tokens by longest match, like the lexer of the opam manual.
struct Lexer {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// - Precondition: `bytes` outlives the lexer.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private func byte(at offset: Int) -> UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    mutating func next() throws(SyntaxError) -> Token {
        try skipBlanks()
        guard position < bytes.count else {
            return Token(kind: .end, position: position, text: position..<position)
        }
        let byte = bytes[position]
        if byte == .quote { return try string() }
        if byte.isIdentifierCharacter, let token = try word() { return token }
        return try symbol(byte)
    }

    // MARK: Blanks and comments

    private mutating func skipBlanks() throws(SyntaxError) {
        while position < bytes.count {
            switch bytes[position] {
            case .space, .newline, .tab:
                position += 1
            case .carriageReturn where byte(at: position + 1) == .newline:
                position += 2
            case UInt8(ascii: "#"):
                while position < bytes.count, bytes[position] != .newline { position += 1 }
            case .openParenthesis where byte(at: position + 1) == .star:
                try skipComment()
            default:
                return
            }
        }
    }

    /// Skips `(* … *)`, which may be nested.
    private mutating func skipComment() throws(SyntaxError) {
        let start = position
        var depth = 0
        while position < bytes.count {
            let following = byte(at: position + 1)
            if bytes[position] == .openParenthesis, following == .star {
                depth += 1
                position += 2
            } else if bytes[position] == .star, following == .closeParenthesis {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
        throw SyntaxError(message: "this comment is not closed by '*)'", offset: start)
    }

    // MARK: Words

    /// The end of the run of identifier characters from `start`, and whether it contains a letter.
    private func run(from start: Int) -> (end: Int, hasLetter: Bool) {
        var end = start
        var hasLetter = false
        while end < bytes.count, bytes[end].isIdentifierCharacter {
            hasLetter = hasLetter || bytes[end].isLetter
            end += 1
        }
        return (end, hasLetter)
    }

    /// An identifier, a boolean or an integer; nil if the run of characters is none of them.
    private mutating func word() throws(SyntaxError) -> Token? {
        let start = position
        let (end, hasLetter) = run(from: start)
        let isUnderscore = end == start + 1 && bytes[start] == .underscore
        guard hasLetter || isUnderscore else { return try integer(from: start) }
        let whole = qualified(from: end)
        if isUnderscore, whole == end { return nil }
        position = whole
        let text = start..<whole
        if matches(text, "true") {
            return Token(kind: .bool, detail: .isTrue, position: start, text: text)
        }
        return Token(kind: matches(text, "false") ? .bool : .identifier, position: start, text: text)
    }

    /// The end of an identifier whose first run ends at `end`: after parts `+name` and at most one `:name`.
    private func qualified(from end: Int) -> Int {
        var end = end
        while byte(at: end) == .plus {
            let (next, hasLetter) = run(from: end + 1)
            guard hasLetter || (next == end + 2 && bytes[end + 1] == .underscore) else { return end }
            end = next
        }
        guard byte(at: end) == .colon else { return end }
        let (next, hasLetter) = run(from: end + 1)
        return hasLetter ? next : end
    }

    private func matches(_ text: Range<Int>, _ word: StaticString) -> Bool {
        guard text.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<text.count where bytes[text.lowerBound + index] != word.utf8Start[index] {
            return false
        }
        return true
    }

    private mutating func integer(from start: Int) throws(SyntaxError) -> Token? {
        var end = start
        if bytes[end] == .minus { end += 1 }
        guard let first = byte(at: end), first.isDigit else { return nil }
        var value = 0
        while let next = byte(at: end), next.isDigit || next == .underscore {
            if next.isDigit {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(Int(next &- .zero))
                guard !overflow, !carry else {
                    throw SyntaxError(message: "this number is too large", offset: start)
                }
                value = sum
            }
            end += 1
        }
        position = end
        return Token(kind: .integer, position: start, text: start..<end)
    }

    // MARK: Symbols

    private mutating func symbol(_ first: UInt8) throws(SyntaxError) -> Token {
        let second = byte(at: position + 1)
        switch first {
        case .colon: return second == .equals ? update(.prependKeepingDefault, 2) : take(.colon, 1)
        case .openBrace: return take(.openBrace, 1)
        case .closeBrace: return take(.closeBrace, 1)
        case UInt8(ascii: "["): return take(.openBracket, 1)
        case UInt8(ascii: "]"): return take(.closeBracket, 1)
        case .openParenthesis: return take(.openParenthesis, 1)
        case .closeParenthesis: return take(.closeParenthesis, 1)
        case UInt8(ascii: "&"): return take(.and, 1)
        case UInt8(ascii: "|"): return take(.or, 1)
        case .questionMark: return take(.defined, 1)
        case UInt8(ascii: "!"): return second == .equals ? relation(.notEqual, 2) : take(.not, 1)
        case UInt8(ascii: "<"): return second == .equals ? relation(.lessOrEqual, 2) : relation(.less, 1)
        case UInt8(ascii: ">"): return second == .equals ? relation(.greaterOrEqual, 2) : relation(.greater, 1)
        case .tilde: return relation(.greaterOrEqual, 1)
        case .plus where second == .equals: return update(.prepend, 2)
        case .equals: return try equals(second)
        default: throw SyntaxError(message: "unexpected \(describe(first))", offset: position)
        }
    }

    /// `=`, `=+`, `=:`, `=+=`
    private mutating func equals(_ second: UInt8?) throws(SyntaxError) -> Token {
        guard second == .plus || second == .colon else { return relation(.equal, 1) }
        let hasThird = byte(at: position + 2) == .equals
        if second == .plus { return hasThird ? update(.replaceInPlace, 3) : update(.append, 2) }
        if hasThird { throw SyntaxError(message: "there is no operator '=:='", offset: position) }
        return update(.appendKeepingDefault, 2)
    }

    private mutating func take(_ kind: Token.Kind, _ length: Int, operator: UInt8 = 0) -> Token {
        defer { position += length }
        return Token(kind: kind, operator: `operator`, position: position, text: position..<(position + length))
    }

    private mutating func relation(_ relation: RelationalOperator, _ length: Int) -> Token {
        take(.relation, length, operator: relation.rawValue)
    }

    private mutating func update(_ update: UpdateOperator, _ length: Int) -> Token {
        take(.update, length, operator: update.rawValue)
    }

    private func describe(_ byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7f { return "character '\(Character(UnicodeScalar(byte)))'" }
        return byte < 0x80 ? "control character \(byte)" : "byte \(byte) outside a string"
    }

    // MARK: Strings

    private mutating func string() throws(SyntaxError) -> Token {
        let start = position
        let isTriple = byte(at: start + 1) == .quote && byte(at: start + 2) == .quote
        var detail: Node.Detail = isTriple ? .tripleQuoted : []
        var end = start + (isTriple ? 3 : 1)
        let textStart = end
        while end < bytes.count {
            switch bytes[end] {
            case .quote where !isTriple || (byte(at: end + 1) == .quote && byte(at: end + 2) == .quote):
                position = end + (isTriple ? 3 : 1)
                return Token(kind: .string, detail: detail, position: start, text: textStart..<end)
            case .backslash:
                detail.insert(.escaped)
                end += try escapeLength(at: end)
            case .carriageReturn:
                detail.insert(.escaped)
                end += 1
            default:
                end += 1
            }
        }
        throw SyntaxError(message: "this string is not closed", offset: start)
    }

    /// The length of the escape sequence at `offset` in bytes.
    private func escapeLength(at offset: Int) throws(SyntaxError) -> Int {
        guard let escape = EscapeSequence(in: bytes, at: offset) else {
            throw SyntaxError(
                message: #"unknown escape sequence; known are \\ \" \' \n \r \t \b \DDD \xHH, "#
                    + "'\\' before a space and at the end of a line", offset: offset)
        }
        return escape.length
    }
}
