import Core
import Testing
import YAML

/// Documents as trees of nodes with locations.
@Suite struct YAMLReaderTests {
    private func read(_ text: String) -> (document: Node?, diagnostics: [Diagnostic]) {
        YAMLReader.read(SourceText(file: "f.yaml", bytes: Array(text.utf8)), as: "a list of cats", example: "- Tom")
    }

    private func text(_ node: Node?) -> String? {
        if case .scalar(let text, _)? = node?.content { text } else { nil }
    }

    @Test func nodesHaveLocations() {
        let (document, diagnostics) = read("a:\n  b: [x, 'y']\n")
        #expect(diagnostics.isEmpty)
        guard case .sequence(let elements)? = document?["a"]?["b"]?.content else {
            Issue.record("a list was expected")
            return
        }
        #expect(elements.map { $0.location.description } == ["f.yaml:2:7", "f.yaml:2:10"])
        #expect(elements.map { text($0) } == ["x", "y"])
        #expect(document?.weight == 7)
    }

    @Test func aliasesAndMergeKeysStandForTheirAnchors() {
        let (document, diagnostics) = read("base: &b {x: 1, y: 2}\nall: {<<: *b, y: 3}\nagain: *b\n")
        #expect(diagnostics.isEmpty)
        #expect(text(document?["all"]?["x"]) == "1" && text(document?["all"]?["y"]) == "3")
        #expect(text(document?["again"]?["y"]) == "2")
    }

    /// An alias costs no memory, but counts: nine levels of nine are rejected.
    @Test func aDocumentThatExpandsWithoutEndIsRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let (document, diagnostics) = read(text)
        #expect(document == nil)
        #expect(diagnostics.last?.message.contains("more than \(YAMLReader.nodeLimit) values") == true)
    }

    @Test(arguments: [
        ("", "the file is empty: expected a list of cats", "1:1"),
        ("a: 1\n---\nb: 2\n", "a second document begins here: expected one", "2:1"),
        ("a: &a [*a]\n", "alias '*a' refers to itself", "1:8"),
        ("a: *b\n", "alias '*b' has no anchor above it", "1:4"),
        ("a: [1\nb: 2\n", "invalid YAML: did not find expected ',' or ']' while parsing a flow sequence", "2:2"),
        ("a:\n\tb: 1\n", "a tab in the indentation", "2:1"),
    ])
    func mistakesHaveLocations(text: String, message: String, location: String) throws {
        let diagnostic = try #require(read(text).diagnostics.first)
        #expect(diagnostic.message.hasPrefix(message), "\(diagnostic)")
        #expect(diagnostic.location.map { "\($0.line):\($0.column)" } == location, "\(diagnostic)")
    }

    @Test func repeatedKeysAreReportedAndTheFirstValueIsUsed() {
        let (document, diagnostics) = read("a: 1\nb: 2\na: 3\n")
        #expect(text(document?["a"]) == "1")
        #expect(diagnostics.map(\.message) == ["key 'a' is repeated in one mapping, first in line 1"])
    }

    @Test func theNestingIsLimited() {
        let (document, diagnostics) = read(String(repeating: "[", count: 100) + String(repeating: "]", count: 100))
        #expect(document == nil)
        #expect(diagnostics.first?.message == "more than \(YAMLReader.depthLimit) lists and mappings within each other")
    }

    @Test func missingAndLargeFilesAreNamed() {
        let missing = #expect(throws: Failure.self) { try SourceText(path: "/nonexistent/ciso/f", of: "settings file") }
        #expect(missing?.description == "error: settings file '/nonexistent/ciso/f' does not exist")
        let directory = #expect(throws: Failure.self) { try SourceText(path: "/", of: "settings file") }
        #expect(directory?.category == .input)
    }
}
