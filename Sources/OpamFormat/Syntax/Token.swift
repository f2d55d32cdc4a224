/// A token of the grammar. Its text is a range of the file's bytes.
struct Token {
    enum Kind: UInt8 {
        case end
        case colon, openBrace, closeBrace, openBracket, closeBracket, openParenthesis, closeParenthesis
        case string, bool, integer, identifier
        case relation, and, or, not, defined, update
    }

    var kind: Kind
    var detail: Node.Detail = []
    var `operator`: UInt8 = 0
    var position: Int
    /// For strings, the range between the quotes.
    var text: Range<Int>
}

extension Token.Kind {
    /// The description of the token in messages.
    var meaning: String {
        switch self {
        case .end: "the end of the file"
        case .colon: "':'"
        case .openBrace: "'{'"
        case .closeBrace: "'}'"
        case .openBracket: "'['"
        case .closeBracket: "']'"
        case .openParenthesis: "'('"
        case .closeParenthesis: "')'"
        case .string: "a string"
        case .bool: "a boolean"
        case .integer: "a number"
        case .identifier: "a name"
        case .relation: "a comparison"
        case .and: "'&'"
        case .or: "'|'"
        case .not: "'!'"
        case .defined: "'?'"
        case .update: "an update operator"
        }
    }
}
