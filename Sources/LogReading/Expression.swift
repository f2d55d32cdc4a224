/// A regular expression over the bytes of a line.
///
/// The supported subset: literals, `.`, classes with ranges, `\d \w \s \D \W \S \b \B` of ASCII, `^`, `$`, groups `(…)`
/// and `(?:…)`, alternatives, `* + ? {n,m}` and their lazy forms, lookahead `(?=…)` and `(?!…)`, and lookbehind
/// `(?<=…)` and `(?<!…)` of a fixed length. The number of steps of a search is limited, so that neither an expression
/// nor a line can make it slow: a search that exceeds the limit finds nothing.
package struct Expression: Sendable {
    /// A feature outside of the subset, or a syntax error.
    package struct SyntaxError: Error, CustomStringConvertible {
        /// The error and its position.
        package let description: String
    }

    /// The ranges of the whole match and of each group; nil for a group that did not participate.
    package struct Match {
        /// The whole match, then the groups by number.
        package var groups: [Range<Int>?]

        /// The range of the whole match.
        package var range: Range<Int> { groups[0] ?? 0..<0 }
    }

    private let program: ExpressionProgram

    /// The number of groups in the expression.
    package let groupCount: Int

    package init(_ source: String) throws(SyntaxError) {
        var parser = ExpressionParser(source)
        let tree = try parser.parse()
        groupCount = parser.groupCount
        program = ExpressionProgram(tree, groups: parser.groupCount)
        guard program.isComplete else {
            throw SyntaxError(description: "its repetitions make it too large: expected fewer of them")
        }
    }

    /// The first match at or after `start`.
    package func firstMatch(in text: [UInt8], from start: Int = 0) -> Match? {
        var steps = 0
        return text.withUnsafeBufferPointer { program.firstMatch(in: $0, from: start, countingSteps: &steps) }
    }

    /// The first match.
    ///
    /// - Parameter steps: is increased by the number of steps taken.
    func firstMatch(in text: [UInt8], countingSteps steps: inout Int) -> Match? {
        text.withUnsafeBufferPointer { program.firstMatch(in: $0, from: 0, countingSteps: &steps) }
    }

    /// Whether the expression matches anywhere in the text.
    package func matches(_ text: [UInt8]) -> Bool {
        firstMatch(in: text) != nil
    }

    /// `text` with each match replaced by the result of `replacement`.
    package func replacing(
        in text: [UInt8], with replacement: (_ group: (Int) -> ArraySlice<UInt8>?) -> [UInt8]
    ) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position <= text.count, let match = firstMatch(in: text, from: position) {
            result += text[position..<match.range.lowerBound]
            result += replacement { number in match.groups[number].map { text[$0] } }
            position = match.range.upperBound
            if match.range.isEmpty {
                if position < text.count { result.append(text[position]) }
                position += 1
            }
        }
        if position < text.count { result += text[position...] }
        return result
    }
}

/// 256 bits: a set of bytes.
struct ByteSet: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    func contains(_ byte: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(byte & 63)
        return switch byte >> 6 {
        case 0: words.0 & bit != 0
        case 1: words.1 & bit != 0
        case 2: words.2 & bit != 0
        default: words.3 & bit != 0
        }
    }

    mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func formUnion(_ other: ByteSet) {
        words.0 |= other.words.0
        words.1 |= other.words.1
        words.2 |= other.words.2
        words.3 |= other.words.3
    }

    var inverted: ByteSet {
        var result = ByteSet()
        result.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return result
    }

    static let all = ByteSet().inverted

    init() {}

    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    static let blanks = ByteSet([9, 10, 11, 12, 13, 32])
    static let word: ByteSet = {
        var set = digits
        set.formUnion(ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")))
        set.formUnion(ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z")))
        set.insert(UInt8(ascii: "_"))
        return set
    }()
}
