/// Parses values, from chains of operators down to atoms.
extension Parser {
    mutating func parseValue() throws(SyntaxError) -> Node.Index {
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

    mutating func parseConjunction() throws(SyntaxError) -> Node.Index {
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

    mutating func parseOperand() throws(SyntaxError) -> Node.Index {
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

    /// Parses any number of `{ … }` after a value, each wrapping what precedes it.
    mutating func parseOptions(of value: Node.Index) throws(SyntaxError) -> Node.Index {
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

    mutating func parseSimple() throws(SyntaxError) -> Node.Index {
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

    mutating func parseBrackets(
        _ kind: Node.Kind, until end: Token.Kind
    ) throws(SyntaxError) -> Node.Index {
        let brackets = append(kind, token)
        try advance()
        try parseValues(of: brackets, after: Node.none, until: end)
        return brackets
    }

    mutating func parseValues(
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

    mutating func parseAtom() throws(SyntaxError) -> Node.Index {
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
