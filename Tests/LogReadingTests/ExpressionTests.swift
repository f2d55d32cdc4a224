import TestSupport
import Testing

@testable import LogReading

@Suite struct ExpressionTests {
    /// Random expressions over two letters have the same matches, with the same groups, as in the standard library.
    @Test func itAgreesWithTheStandardLibrary() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        func source(_ depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 3 ? 4 : 11), using: &random) {
            case 0: "a"
            case 1: "b"
            case 2: "[ab]"
            case 3: "."
            case 4: "(\(source(depth + 1)))"
            case 5: "(?:\(source(depth + 1))|\(source(depth + 1)))"
            case 6:
                "(?:\(source(depth + 1)))\(["*", "+", "?", "{1,2}", "*?", "+?", "??"].randomElement(using: &random)!)"
            case 7: "(?!\(source(depth + 1)))"
            case 8: "(?=\(source(depth + 1)))"
            case 9: ["^", "$", "\\b", "[^a]", "c"].randomElement(using: &random)!
            default: source(depth + 1) + source(depth + 1)
            }
        }
        for _ in 0..<1500 {
            let source = source(0)
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                ["a", "b", " "].randomElement(using: &random)!
            }
            .joined()
            try expectAgreement(of: source, in: text)
        }
    }

    /// A lookaround that has matched leaves nothing behind but the groups of a positive one, and these only until the
    /// search backtracks to a point before it.
    @Test(arguments: [
        ("(?=(?!(?:.)*(?!b)))", "b b"), ("(?:(?=(?:.)*$).)*", "aba"), ("(?:(?=(?:a)*b)a)*", "aaab"),
        ("(?!(?:.)*?[ab])", "b  b"), ("(?!(a))", "aba"), ("(?:(?=(a))ac|ab)", "ab"), ("(?=(a)(b)?)(?:ac|ab)", "ab"),
        ("(?!(?!(a)(?:.)+?))", "aa"), ("(?:(?=(a)|(b)).)*c", "abc"),
    ])
    func lookaroundsAreSeparate(source: String, text: String) throws {
        try expectAgreement(of: source, in: text)
    }

    private func expectAgreement(of source: String, in text: String) throws {
        let expected = try Regex(source).wordBoundaryKind(.simple).firstMatch(in: text).map { match in
            (0..<match.output.count).map { number in
                match.output[number].range.map { range in
                    text.utf8.distance(
                        from: text.startIndex, to: range.lowerBound)..<text.utf8.distance(
                            from: text.startIndex, to: range.upperBound)
                }
            }
        }
        #expect(try Expression(source).firstMatch(in: Array(text.utf8))?.groups == expected, "'\(source)' in '\(text)'")
    }

    @Test(arguments: [
        ("a(", "expected ')'"), ("a)", "unexpected ')'"), ("[a", "expected ']'"), ("a**", "repetition of a repetition"),
        ("*", "nothing to repeat"), ("\\q", "is not supported"), ("a{2,1}", "expected '{n}'"),
        ("(?i)a", "are supported"),
        ("[é]", "ASCII"), ("(?<=a*)b", "fixed length"), ("(?:(?:ab){900}){900}", "too large"), ("a{9999}", "at most"),
        (String(repeating: "(", count: 99), "nested"), ("[b-a]", "range"),
    ])
    func mistakesAreNamed(source: String, message: String) {
        let error = #expect(throws: Expression.SyntaxError.self) { try Expression(source) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    /// Expressions that take exponential time elsewhere end.
    @Test func aSearchIsBounded() throws {
        let text = Array(String(repeating: "a", count: 4000).utf8)
        #expect(try Expression("(?:a*)*b").firstMatch(in: text) == nil)
        #expect(try Expression("(?:a|aa)+$b").firstMatch(in: text) == nil)
        #expect(try Expression("(?:)*(?:)+").firstMatch(in: text)?.range == 0..<0)
    }

    @Test func lookbehindsAndReplacements() throws {
        let expression = try Expression(#"(?<![a-z])(\d+)(?<=5)"#)
        let replaced = expression.replacing(in: Array("x15 25 35é 14".utf8)) { Array("<".utf8) + ($0(1) ?? []) }
        #expect(String(decoding: replaced, as: UTF8.self) == "x1<5 <25 <35é 14")
    }
}
