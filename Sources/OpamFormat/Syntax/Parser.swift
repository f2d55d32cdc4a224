/// Builds the nodes of a file, by recursive descent over the grammar of the opam manual ("Common file format").
///
///     items   ← { identifier ':' value | identifier [string] '{' items '}' }
///     value   ← chain of '|' over chain of '&' over operand
///     operand ← ('!' | '?') operand | simple { '{' values '}' }
///     simple  ← atom [relation atom | update atom] | relation atom | '(' values ')' | '[' values ']'
///
/// Nesting is limited, so that no input can exhaust the stack.
struct Parser {
    /// How deep brackets, braces and prefix operators may nest. Files people write stay below ten.
    static let deepestNesting = 100

    private var lexer: Lexer
    private var token: Token
    private(set) var nodes: [Node]
    private var depth = 0

    /// - Precondition: `bytes` outlives the parser.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(SyntaxError) {
        lexer = Lexer(bytes)
        token = try lexer.next()
        nodes = []
        nodes.reserveCapacity(bytes.count / 12 + 8)
    }

    /// Parses a whole file; the first node is the file.
    mutating func parseFile() throws(SyntaxError) {
        nodes.append(Node(kind: .file, position: 0, textStart: 0, textEnd: 0))
        try parseItems(of: 0, until: .end)
    }

    /// Parses a single value and nothing after it; the first node of `nodes` need not be its root.
    mutating func parseSingleValue() throws(SyntaxError) -> Node.Index {
        let value = try parseValue()
        try expect(.end)
        return value
    }

    // MARK: Tokens

    private mutating func advance() throws(SyntaxError) {
        token = try lexer.next()
    }

    private mutating func expect(_ kind: Token.Kind) throws(SyntaxError) {
        guard token.kind == kind else { throw unexpected("expected \(kind.meaning)") }
        if kind != .end { try advance() }
    }

    private func unexpected(_ expectation: String) -> SyntaxError {
        SyntaxError(message: "\(expectation), found \(token.kind.meaning)", offset: token.position)
    }

    // MARK: Nodes

    private mutating func append(_ kind: Node.Kind, _ token: Token) -> Node.Index {
        nodes.append(
            Node(
                kind: kind, detail: token.detail, operator: token.operator, position: UInt32(token.position),
                textStart: UInt32(token.text.lowerBound), textEnd: UInt32(token.text.upperBound)))
        return Node.Index(nodes.count - 1)
    }

    /// A node at `token` that has `child` as its first child, at the child's place in the file.
    private mutating func wrap(_ child: Node.Index, _ kind: Node.Kind, _ token: Token) -> Node.Index {
        let node = append(kind, token)
        nodes[Int(node)].position = nodes[Int(child)].position
        nodes[Int(node)].firstChild = child
        return node
    }

    private mutating func link(_ child: Node.Index, after last: Node.Index, in parent: Node.Index) {
        if last == Node.none {
            nodes[Int(parent)].firstChild = child
        } else {
            nodes[Int(last)].nextSibling = child
        }
    }

    private mutating func enter() throws(SyntaxError) {
        depth += 1
        guard depth <= Self.deepestNesting else {
            throw SyntaxError(
                message: "nested too deep: the limit is \(Self.deepestNesting)", offset: token.position)
        }
    }

    // MARK: Items

    private mutating func parseItems(of parent: Node.Index, until end: Token.Kind) throws(SyntaxError) {
        try enter()
        var last = nodes[Int(parent)].firstChild
        while token.kind != end {
            guard token.kind == .identifier else { throw unexpected("expected the name of a field or section") }
            let item = try parseItem()
            link(item, after: last, in: parent)
            last = item
        }
        depth -= 1
    }

    private mutating func parseItem() throws(SyntaxError) -> Node.Index {
        let name = token
        try advance()
        switch token.kind {
        case .colon:
            let field = append(.field, name)
            try advance()
            let value = try parseValue()
            nodes[Int(field)].firstChild = value
            return field
        case .string, .openBrace:
            return try parseSection(name)
        default:
            throw unexpected("expected ':' after the name of the field")
        }
    }

    private mutating func parseSection(_ name: Token) throws(SyntaxError) -> Node.Index {
        let section = append(.section, name)
        if token.kind == .string {
            nodes[Int(section)].detail.insert(.titled)
            let title = append(.string, token)
            nodes[Int(section)].firstChild = title
            try advance()
        }
        try expect(.openBrace)
        try parseItems(of: section, until: .closeBrace)
        try expect(.closeBrace)
        return section
    }

    // MARK: Values

    private mutating func parseValue() throws(SyntaxError) -> Node.Index {
        try enter()
        let first = try parseConjunction()
        guard token.kind == .or else {
            depth -= 1
            return first
        }
        let chain = wrap(first, .or, token)
        var last = first
        while token.kind == .or {
            try advance()
            let operand = try parseConjunction()
            link(operand, after: last, in: chain)
            last = operand
        }
        depth -= 1
        return chain
    }

    private mutating func parseConjunction() throws(SyntaxError) -> Node.Index {
        let first = try parseOperand()
        guard token.kind == .and else { return first }
        let chain = wrap(first, .and, token)
        var last = first
        while token.kind == .and {
            try advance()
            let operand = try parseOperand()
            link(operand, after: last, in: chain)
            last = operand
        }
        return chain
    }

    private mutating func parseOperand() throws(SyntaxError) -> Node.Index {
        if token.kind == .not || token.kind == .defined {
            try enter()
            let prefix = append(token.kind == .not ? .not : .defined, token)
            try advance()
            let operand = try parseOperand()
            nodes[Int(prefix)].firstChild = operand
            depth -= 1
            return prefix
        }
        return try parseOptions(of: try parseSimple())
    }

    /// Any number of `{ … }` after a value, each wrapping what stands before.
    private mutating func parseOptions(of value: Node.Index) throws(SyntaxError) -> Node.Index {
        var value = value
        let outerDepth = depth
        while token.kind == .openBrace {
            try enter()
            let option = wrap(value, .option, token)
            try advance()
            try parseValues(of: option, after: value, until: .closeBrace)
            value = option
        }
        depth = outerDepth
        return value
    }

    private mutating func parseSimple() throws(SyntaxError) -> Node.Index {
        switch token.kind {
        case .openParenthesis: return try parseBrackets(.group, until: .closeParenthesis)
        case .openBracket: return try parseBrackets(.list, until: .closeBracket)
        case .relation:
            let relation = append(.prefixRelation, token)
            try advance()
            let operand = try parseAtom()
            nodes[Int(relation)].firstChild = operand
            return relation
        default:
            let left = try parseAtom()
            guard token.kind == .relation || token.kind == .update else { return left }
            let binary = wrap(left, token.kind == .relation ? .relation : .update, token)
            try advance()
            let right = try parseAtom()
            nodes[Int(left)].nextSibling = right
            return binary
        }
    }

    private mutating func parseBrackets(
        _ kind: Node.Kind, until end: Token.Kind
    ) throws(SyntaxError) -> Node.Index {
        let brackets = append(kind, token)
        try advance()
        try parseValues(of: brackets, after: Node.none, until: end)
        return brackets
    }

    private mutating func parseValues(
        of parent: Node.Index, after first: Node.Index, until end: Token.Kind
    ) throws(SyntaxError) {
        var last = first
        while token.kind != end {
            let value = try parseValue()
            link(value, after: last, in: parent)
            last = value
        }
        try advance()
    }

    private mutating func parseAtom() throws(SyntaxError) -> Node.Index {
        let kind: Node.Kind
        switch token.kind {
        case .identifier: kind = .identifier
        case .string: kind = .string
        case .bool: kind = .bool
        case .integer: kind = .integer
        default: throw unexpected("expected a value")
        }
        let atom = append(kind, token)
        try advance()
        return atom
    }
}

extension Token.Kind {
    /// How a message names the token.
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
