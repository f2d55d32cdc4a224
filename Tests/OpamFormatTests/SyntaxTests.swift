import OpamFormat
import Testing

/// The grammar: accepted syntax, its values, and the locations of errors.
@Suite struct SyntaxTests {
    private func parse(_ text: String) throws -> SyntaxTree {
        try SyntaxTree(parsing: Array(text.utf8), file: "opam")
    }

    /// A value printed with brackets that show how it was understood.
    private func shape(_ value: Value) -> String {
        let each: (Values) -> String = { $0.map { shape($0) }.joined(separator: " ") }
        return switch value.form {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .identifier(let name): name
        case .string(let text): "'\(text)'"
        case .list(let values): "[\(each(values))]"
        case .group(let values): "(\(each(values)))"
        case .option(let value, let values): "<\(shape(value)) {\(each(values))}>"
        case .and(let values): "<& \(each(values))>"
        case .or(let values): "<| \(each(values))>"
        case .not(let value): "<! \(shape(value))>"
        case .defined(let value): "<? \(shape(value))>"
        case .relation(let left, let relation, let right): "<\(shape(left)) \(relation.text) \(shape(right))>"
        case .prefixRelation(let relation, let value): "<\(relation.text) \(shape(value))>"
        case .update(let left, let update, let right): "<\(shape(left)) \(update.text) \(shape(right))>"
        }
    }

    private func shape(of text: String) throws -> String {
        let tree = try parse("x: " + text)
        guard case .field(let field)? = tree.items.first(where: { _ in true }) else { return "no field" }
        return shape(field.value)
    }

    @Test(arguments: [
        ("a & b | c & d", "<| <& a b> <& c d>>"),
        ("a | b | c", "<| a b c>"),
        ("!a & b", "<& <! a> b>"),
        ("!a = \"1\"", "<! <a = '1'>>"),
        ("!\"a\" {b}", "<! <'a' {b}>>"),
        ("?a & !?b", "<& <? a> <! <? b>>>"),
        ("\"a\" {b} & \"c\" {d}", "<& <'a' {b}> <'c' {d}>>"),
        ("\"a\" {b} {c}", "<<'a' {b}> {c}>"),
        ("[a = b {c}]", "[<<a = b> {c}>]"),
        ("[\"a\" {>= \"1\" & < \"2\"}]", "[<'a' {<& <>= '1'> << '2'>>}>]"),
        ("[a \"b\" 1 -2 true false]", "[a 'b' 1 -2 true false]"),
        (
            "[A += \"x\" B =+ \"y\" C := \"z\" D =: \"u\" E =+= \"v\" F = \"w\"]",
            "[<A += 'x'> <B =+ 'y'> <C := 'z'> <D =: 'u'> <E =+= 'v'> <F = 'w'>]"
        ),
        ("[a = b = c]", "[<a = b> <= c>]"),
        ("a ~ \"1\"", "<a >= '1'>"),
        ("a!=b", "<a != b>"),
        ("(a (* b (* c *) *) | d) # e", "(<| a d>)"),
        ("[foo:bar a+b:enable _:c a-b_c 4ever true-x]", "[foo:bar a+b:enable _:c a-b_c 4ever true-x]"),
        ("1_000", "1000"),
        ("[[] () \"\" {}]", "[[] () <'' {}>]"),
    ])
    func valuesAreUnderstoodAs(_ text: String, _ expected: String) throws {
        #expect(try shape(of: text) == expected, "\(text)")
    }

    @Test(arguments: [
        (#""a\"b\\c\'\n\r\t\b\ ""#, "a\"b\\c'\n\r\t\u{8} "),
        (#""\065\x41\x6a""#, "AAj"),
        ("\"a\\\n   b\"", "ab"),
        ("\"a\\\r\n\tb\"", "ab"),
        ("\"a\r\nb\"", "a\nb"),
        ("\"\"\"a \"b\" \"\"c\nd\"\"\"", "a \"b\" \"\"c\nd"),
        ("\"\"\"\\\nx\\\"\"\"\"", "x\""),
        (#""""#, ""), ("\"\"\"\"\"\"", ""),
        (#""(* no comment *) # nor here""#, "(* no comment *) # nor here"),
        ("\"é ☃\"", "é ☃"),
    ])
    func stringsHaveTheValue(_ text: String, _ expected: String) throws {
        #expect(try shape(of: text) == "'\(expected)'")
    }

    @Test func sectionsHaveKindTitleAndItems() throws {
        let tree = try parse("a: 1 url { src: \"x\" } extra-source \"f\" { src: \"y\" s { } } b: 2")
        let described = tree.items.map { item in
            switch item {
            case .field(let field): field.name
            case .section(let section): "\(section.kind) \(section.title ?? "-") \(Array(section.items).count)"
            }
        }
        #expect(described == ["a", "url - 1", "extra-source f 2", "b"])
    }

    @Test(arguments: [
        ("a: ", 1, 4, "expected a value, found the end of the file"),
        ("a: [\n  \"b\" {>= }\n]", 2, 11, "expected a value, found '}'"),
        ("a b", 1, 3, "expected ':' after the name of the field, found a name"),
        ("\n\n  \"x", 3, 3, "this string is not closed"),
        ("a: \"\"\"x\"\"", 1, 4, "this string is not closed"),
        ("a: \"\\q\"", 1, 5, "unknown escape sequence"),
        ("a: \"\\300\"", 1, 5, "unknown escape sequence"),
        ("a: (* (* *)", 1, 4, "this comment is not closed"),
        ("é: 1", 1, 1, "outside a string"),
        ("# é\na: é", 2, 4, "outside a string"),
        ("a: \"é\" @", 1, 8, "unexpected character '@'"),
        ("a: 99999999999999999999", 1, 4, "this number is too large"),
        ("a: [b", 1, 6, "expected a value, found the end of the file"),
        ("a: b)", 1, 5, "expected the name of a field or section, found ')'"),
        ("a: b =:= c", 1, 6, "there is no operator '=:='"),
        ("1: b", 1, 1, "expected the name of a field or section, found a number"),
        ("a: _", 1, 4, "unexpected character '_'"),
        ("a {", 1, 4, "expected the name of a field or section, found the end of the file"),
    ])
    func errorsHaveLocations(_ text: String, _ line: Int, _ column: Int, _ message: String) throws {
        let error = #expect(throws: FormatError.self) { try parse(text) }
        #expect(error?.line == line && error?.column == column, "\(error?.description ?? "")")
        #expect(error?.message.contains(message) == true, "\(error?.description ?? "")")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(error?.excerpt == String(lines[line - 1]))
    }

    @Test func nestingIsLimited() throws {
        for (open, close) in [("(", ")"), ("[", "]"), ("!", ""), ("?", "")] {
            let deep = String(repeating: open, count: 60) + "a" + String(repeating: close, count: 60)
            _ = try parse("x: \(deep)")
        }
        for text in ["(", "[", "!", "a {", "\"a\" {", "(a | !"] {
            let bottomless = "x: " + String(repeating: text, count: 100_000)
            let error = #expect(throws: FormatError.self) { try parse(bottomless) }
            #expect(error?.message.contains("nested too deep") == true, "\(text)")
        }
        let sections = String(repeating: "s { ", count: 100_000)
        #expect(throws: FormatError.self) { try parse(sections) }
        let options = "x: a" + String(repeating: " {b}", count: 100_000)
        #expect(throws: FormatError.self) { try parse(options) }
    }

    /// Chains are flat however long they are.
    @Test func longChainsAreNoDepth() throws {
        let chain = Array(repeating: "\"p\"", count: 50_000).joined(separator: " | ")
        let file = try OpamFile(parsing: "depends: \(chain)", file: "opam")
        guard case .any(let parts) = file.depends else {
            Issue.record("expected a disjunction")
            return
        }
        #expect(parts.count == 50_000)
    }

    @Test func sizeIsLimited() {
        let large = [UInt8](repeating: UInt8(ascii: "\n"), count: SyntaxTree.largestFile + 1)
        #expect(throws: FormatError.self) { try SyntaxTree(parsing: large, file: "opam") }
    }
}
