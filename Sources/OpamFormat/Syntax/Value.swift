/// A value as written in a file. Values with the same meaning are equal, whatever their position and notation.
public struct Value: Sendable {
    let tree: SyntaxTree
    let index: Node.Index

    var node: Node { tree.nodes[Int(index)] }

    /// The form of a value, one level deep.
    public enum Form: Sendable {
        case bool(Bool)
        case integer(Int)
        case identifier(String)
        case string(String)
        /// `[ … ]`
        case list(Values)
        /// `( … )`
        case group(Values)
        /// `value { … }`
        case option(Value, Values)
        /// `a & b & …`, at least two.
        case and(Values)
        /// `a | b | …`, at least two.
        case or(Values)
        case not(Value)
        /// `?a`
        case defined(Value)
        /// `a = b`
        case relation(Value, RelationalOperator, Value)
        /// `= a`
        case prefixRelation(RelationalOperator, Value)
        /// `NAME += "value"`
        case update(Value, UpdateOperator, Value)
    }

    /// The syntactic form of the value, for pattern matching.
    public var form: Form {
        let node = node
        switch node.kind {
        case .bool: return .bool(node.detail.contains(.isTrue))
        case .integer: return .integer(integer)
        case .identifier: return .identifier(tree.text(node))
        case .string: return .string(tree.text(node))
        case .list: return .list(children)
        case .group: return .group(children)
        case .option: return .option(firstChild, children.afterFirst)
        case .and: return .and(children)
        case .or: return .or(children)
        case .not: return .not(firstChild)
        case .defined: return .defined(firstChild)
        case .relation: return .relation(firstChild, relationalOperator, lastOfTwo)
        case .prefixRelation: return .prefixRelation(relationalOperator, firstChild)
        case .update: return .update(firstChild, updateOperator, lastOfTwo)
        case .file, .field, .section: preconditionFailure("an item is not a value")
        }
    }

    /// The line and the column, both from 1.
    ///
    /// - Complexity: O(bytes before the value).
    public var position: (line: Int, column: Int) {
        let error = tree.error("", at: node, field: nil)
        return (error.line, error.column)
    }

    // MARK: Parts

    var children: Values { Values(tree: tree, first: node.firstChild) }

    /// - Precondition: A value of this kind has a first child.
    var firstChild: Value { Value(tree: tree, index: node.firstChild) }

    /// - Precondition: A value of this kind has two children.
    var lastOfTwo: Value { Value(tree: tree, index: firstChild.node.nextSibling) }

    var text: String { tree.text(node) }

    var relationalOperator: RelationalOperator {
        RelationalOperator(rawValue: node.operator) ?? .equal
    }

    var updateOperator: UpdateOperator {
        UpdateOperator(rawValue: node.operator) ?? .set
    }

    /// The lexer has checked that the number fits.
    private var integer: Int {
        let digits = tree.bytes[Int(node.textStart)..<Int(node.textEnd)]
        let magnitude = digits.reduce(0) { $1.isDigit ? $0 * 10 + Int($1 &- .zero) : $0 }
        return digits.first == .minus ? -magnitude : magnitude
    }
}

/// Adjacent values: in a list, in parentheses, in braces, or in a chain of operators.
public struct Values: Sequence, Sendable {
    let tree: SyntaxTree
    let first: Node.Index

    /// Iterates over the values in the order of the file.
    public struct Iterator: IteratorProtocol {
        let tree: SyntaxTree
        var current: Node.Index

        public mutating func next() -> Value? {
            guard current != Node.none else { return nil }
            defer { current = tree.nodes[Int(current)].nextSibling }
            return Value(tree: tree, index: current)
        }
    }

    public func makeIterator() -> Iterator { Iterator(tree: tree, current: first) }

    /// Whether there are no values.
    public var isEmpty: Bool { first == Node.none }

    /// The value if there is exactly one.
    public var only: Value? {
        guard !isEmpty, tree.nodes[Int(first)].nextSibling == Node.none else { return nil }
        return Value(tree: tree, index: first)
    }

    /// All values but the first.
    ///
    /// - Precondition: It is not empty.
    var afterFirst: Values {
        Values(tree: tree, first: tree.nodes[Int(first)].nextSibling)
    }
}

extension Value: Equatable {
    public static func == (left: Value, right: Value) -> Bool {
        let (a, b) = (left.node, right.node)
        guard a.kind == b.kind, a.operator == b.operator else { return false }
        switch a.kind {
        case .bool: return a.detail == b.detail
        case .integer: return left.integer == right.integer
        case .identifier, .string: return left.text.utf8.elementsEqual(right.text.utf8)
        default: return left.children == right.children
        }
    }
}

extension Values: Equatable {
    public static func == (left: Values, right: Values) -> Bool {
        left.elementsEqual(right)
    }
}
