/// The syntax tree of an expression.
indirect enum ExpressionNode {
    case set(ByteSet)
    case sequence([ExpressionNode])
    case alternatives([ExpressionNode])
    case group(ExpressionNode, number: Int)
    case repetition(ExpressionNode, minimum: Int, maximum: Int?, isGreedy: Bool)
    case start
    case end
    case wordBoundary(isNegated: Bool)
    case lookahead(ExpressionNode, isNegated: Bool)
    case lookbehind(ExpressionNode, length: Int, isNegated: Bool)
}

/// Parses an expression.
struct ExpressionParser {
    private let source: [UInt8]
    private var position = 0
    private(set) var groupCount = 0
    private var depth = 0

    private static let deepest = 50
    private static let repetitionLimit = 1000

    init(_ source: String) {
        self.source = Array(source.utf8)
    }

    mutating func parse() throws(Expression.SyntaxError) -> ExpressionNode {
        let node = try alternatives()
        guard position == source.count else { throw error("unexpected ')'") }
        return node
    }

    private func error(_ message: String) -> Expression.SyntaxError {
        Expression.SyntaxError(description: "\(message) at byte \(position + 1)")
    }

    private var next: UInt8? { position < source.count ? source[position] : nil }

    private mutating func take(_ text: StaticString) -> Bool {
        guard text.withUTF8Buffer({ source[position...].starts(with: $0) }) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    private mutating func alternatives() throws(Expression.SyntaxError) -> ExpressionNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw error("groups are nested more than \(Self.deepest) deep") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(Expression.SyntaxError) -> ExpressionNode {
        var parts: [ExpressionNode] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            parts.append(try repetition(of: try atom()))
        }
        return .sequence(parts)
    }

    private mutating func repetition(of node: ExpressionNode) throws(Expression.SyntaxError) -> ExpressionNode {
        let (minimum, maximum): (Int, Int?)
        if take("*") {
            (minimum, maximum) = (0, nil)
        } else if take("+") {
            (minimum, maximum) = (1, nil)
        } else if take("?") {
            (minimum, maximum) = (0, 1)
        } else if next == UInt8(ascii: "{") {
            (minimum, maximum) = try bounds()
        } else {
            return node
        }
        let isGreedy = !take("?")
        if let byte = next, [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?")].contains(byte) {
            throw error("a repetition of a repetition is not supported: use a group")
        }
        return .repetition(node, minimum: minimum, maximum: maximum, isGreedy: isGreedy)
    }

    private mutating func bounds() throws(Expression.SyntaxError) -> (Int, Int?) {
        position += 1
        let minimum = try number()
        var maximum: Int? = minimum
        if take(",") { maximum = next == UInt8(ascii: "}") ? nil : try number() }
        guard take("}"), maximum.map({ $0 >= minimum }) ?? true else {
            throw error("expected '{n}', '{n,}' or '{n,m}'")
        }
        return (minimum, maximum)
    }

    private mutating func number() throws(Expression.SyntaxError) -> Int {
        var value: Int?
        while let byte = next, ByteSet.digits.contains(byte) {
            value = (value ?? 0) * 10 + Int(byte - 48)
            position += 1
            if let value, value > Self.repetitionLimit { throw error("at most \(Self.repetitionLimit) repetitions") }
        }
        guard let value else { throw error("expected a number of repetitions") }
        return value
    }

    private mutating func atom() throws(Expression.SyntaxError) -> ExpressionNode {
        guard let byte = next else { throw error("unexpected end") }
        switch byte {
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return .set(try characterClass())
        case UInt8(ascii: "."):
            position += 1
            return .set(ByteSet([10]).inverted)
        case UInt8(ascii: "^"):
            position += 1
            return .start
        case UInt8(ascii: "$"):
            position += 1
            return .end
        case UInt8(ascii: "\\"): return try escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): throw error("nothing to repeat")
        default:
            position += 1
            return .set(ByteSet([byte]))
        }
    }

    private mutating func group() throws(Expression.SyntaxError) -> ExpressionNode {
        let node: ExpressionNode
        if take("(?:") {
            node = try alternatives()
        } else if take("(?=") {
            node = .lookahead(try alternatives(), isNegated: false)
        } else if take("(?!") {
            node = .lookahead(try alternatives(), isNegated: true)
        } else if take("(?<=") {
            node = try lookbehind(isNegated: false)
        } else if take("(?<!") {
            node = try lookbehind(isNegated: true)
        } else if take("(?") {
            throw error("of groups that begin with '(?' only '(?:', '(?=', '(?!', '(?<=' and '(?<!' are supported")
        } else {
            position += 1
            groupCount += 1
            let number = groupCount
            node = .group(try alternatives(), number: number)
        }
        guard take(")") else { throw error("expected ')'") }
        return node
    }

    private mutating func lookbehind(isNegated: Bool) throws(Expression.SyntaxError) -> ExpressionNode {
        let body = try alternatives()
        guard let length = Self.length(of: body) else { throw error("expected a lookbehind of a fixed length") }
        return .lookbehind(body, length: length, isNegated: isNegated)
    }

    /// The length of every match in bytes; nil if it varies.
    private static func length(of node: ExpressionNode) -> Int? {
        switch node {
        case .set: return 1
        case .start, .end, .wordBoundary, .lookahead, .lookbehind: return 0
        case .group(let body, _): return length(of: body)
        case .repetition(let body, let minimum, let maximum, _):
            return minimum == maximum ? length(of: body).map { $0 * minimum } : nil
        case .sequence(let parts):
            return parts.reduce(Optional(0)) { total, part in
                total.flatMap { total in length(of: part).map { total + $0 } }
            }
        case .alternatives(let branches):
            let lengths = Set(branches.map { length(of: $0) })
            return lengths.count == 1 ? lengths.first.flatMap { $0 } : nil
        }
    }

    private mutating func escape() throws(Expression.SyntaxError) -> ExpressionNode {
        position += 1
        guard let byte = next else { throw error("unexpected end after '\\'") }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): return .wordBoundary(isNegated: false)
        case UInt8(ascii: "B"): return .wordBoundary(isNegated: true)
        default:
            if let set = Self.namedSet(byte) { return .set(set) }
            return .set(ByteSet([try literal(byte)]))
        }
    }

    private static func namedSet(_ byte: UInt8) -> ByteSet? {
        switch byte {
        case UInt8(ascii: "d"): .digits
        case UInt8(ascii: "D"): ByteSet.digits.inverted
        case UInt8(ascii: "w"): .word
        case UInt8(ascii: "W"): ByteSet.word.inverted
        case UInt8(ascii: "s"): .blanks
        case UInt8(ascii: "S"): ByteSet.blanks.inverted
        default: nil
        }
    }

    /// The byte that an escape sequence represents.
    private func literal(_ byte: UInt8) throws(Expression.SyntaxError) -> UInt8 {
        switch byte {
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "e"): return 27
        default:
            guard !ByteSet.word.contains(byte) else {
                throw error("'\\\(Character(UnicodeScalar(byte)))' is not supported")
            }
            return byte
        }
    }

    private mutating func characterClass() throws(Expression.SyntaxError) -> ByteSet {
        position += 1
        let isNegated = take("^")
        var set = ByteSet()
        var isFirst = true
        while let byte = next, isFirst || byte != UInt8(ascii: "]") {
            isFirst = false
            position += 1
            guard byte < 0x80 else { throw error("expected only ASCII characters in a class") }
            guard let lower = try member(byte, addingTo: &set) else { continue }
            guard next == UInt8(ascii: "-"), position + 1 < source.count, source[position + 1] != UInt8(ascii: "]")
            else {
                set.insert(lower)
                continue
            }
            position += 2
            var upper = source[position - 1]
            if upper == UInt8(ascii: "\\"), let escaped = next {
                position += 1
                upper = try literal(escaped)
            }
            guard lower <= upper else { throw error("the range of a class ends before it begins") }
            set.formUnion(ByteSet(lower...upper))
        }
        guard take("]") else { throw error("expected ']'") }
        return isNegated ? set.inverted : set
    }

    /// The byte that a member of a class represents; nil for a named set, which is added.
    private mutating func member(_ byte: UInt8, addingTo set: inout ByteSet) throws(Expression.SyntaxError) -> UInt8? {
        guard byte == UInt8(ascii: "\\"), let escaped = next else { return byte }
        position += 1
        guard let named = Self.namedSet(escaped) else { return try literal(escaped) }
        set.formUnion(named)
        return nil
    }
}
