/// Builds the nodes of a file by recursive descent over the grammar of the opam manual ("Common file format").
///
///     items   ← { identifier ':' value | identifier [string] '{' items '}' }
///     value   ← chain of '|' over chain of '&' over operand
///     operand ← ('!' | '?') operand | simple { '{' values '}' }
///     simple  ← atom [relation atom | update atom] | relation atom | '(' values ')' | '[' values ']'
///
/// Nesting is limited, so that no input can exhaust the stack.
///
/// - SeeAlso: `docs/decisions/0011-nesting-limit.md`
struct Parser {
    /// The maximum nesting depth of brackets, braces and prefix operators. Real files stay below ten.
    static let deepestNesting = 100

    private var lexer: Lexer
    var token: Token
    var nodes: [Node]
    var depth = 0

    /// - Precondition: `bytes` outlives the parser.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(SyntaxError) {
        lexer = Lexer(bytes)
        token = try lexer.next()
        nodes = []
        nodes.reserveCapacity(bytes.count / 12 + 8)
    }

    /// Parses a whole file; the first node is the file's.
    mutating func parseFile() throws(SyntaxError) {
        nodes.append(Node(kind: .file, position: 0, textStart: 0, textEnd: 0))
        try parseItems(of: 0, until: .end)
    }

    /// Parses a single value up to the end of the text; the first node of `nodes` need not be its root.
    mutating func parseSingleValue() throws(SyntaxError) -> Node.Index {
        let value = try parseValue()
        try expect(.end)
        return value
    }

    // MARK: Tokens

    mutating func advance() throws(SyntaxError) {
        token = try lexer.next()
    }

    mutating func expect(_ kind: Token.Kind) throws(SyntaxError) {
        guard token.kind == kind else { throw unexpected("expected \(kind.meaning)") }
        if kind != .end { try advance() }
    }

    func unexpected(_ expectation: String) -> SyntaxError {
        SyntaxError(message: "\(expectation), found \(token.kind.meaning)", offset: token.position)
    }

    // MARK: Nodes

    mutating func append(_ kind: Node.Kind, _ token: Token) -> Node.Index {
        nodes.append(
            Node(
                kind: kind, detail: token.detail, operator: token.operator, position: UInt32(token.position),
                textStart: UInt32(token.text.lowerBound), textEnd: UInt32(token.text.upperBound)))
        return Node.Index(nodes.count - 1)
    }

    /// A node at `token` with `child` as its first child, at the child's position in the file.
    mutating func wrap(_ child: Node.Index, _ kind: Node.Kind, _ token: Token) -> Node.Index {
        let node = append(kind, token)
        nodes[Int(node)].position = nodes[Int(child)].position
        nodes[Int(node)].firstChild = child
        return node
    }

    mutating func link(_ child: Node.Index, after last: Node.Index, in parent: Node.Index) {
        if last == Node.none {
            nodes[Int(parent)].firstChild = child
        } else {
            nodes[Int(last)].nextSibling = child
        }
    }

    mutating func enter() throws(SyntaxError) {
        depth += 1
        guard depth <= Self.deepestNesting else {
            throw SyntaxError(
                message: "nested too deep: the limit is \(Self.deepestNesting)", offset: token.position)
        }
    }
}

/// Parses fields and sections.
extension Parser {
    mutating func parseItems(of parent: Node.Index, until end: Token.Kind) throws(SyntaxError) {
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

    mutating func parseItem() throws(SyntaxError) -> Node.Index {
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

    mutating func parseSection(_ name: Token) throws(SyntaxError) -> Node.Index {
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
}
