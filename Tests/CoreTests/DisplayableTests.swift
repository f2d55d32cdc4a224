import Core
import Foundation
import TestSupport
import Testing

@Suite struct DisplayableTests {
    @Test(
        arguments: [
            ("plain text\twith a tab\nand a line", "plain text\twith a tab\nand a line"),
            ("\u{1B}]0;title\u{07}", "^[]0;title^G"), ("\u{1B}]8;;http://x\u{1B}\\link", "^[]8;;http://x^[\\link"),
            ("\u{1B}[31mred\u{1B}[0m \u{1B}[01;35m\u{1B}[Kgcc\u{1B}[m\u{1B}[K", "red gcc"),
            ("\u{1B}[2J\u{1B}[H", "^[[2J^[[H"), ("\u{1B}\u{1B}[m[31m", "^[[31m"), ("\u{1B}", "^["),
            ("\u{1B}[1;", "^[[1;"), ("one\r\ntwo\rthree", "one\ntwo^Mthree"), ("\u{7F}\u{08}\u{00}", "^?^H^@"),
            ("\u{9B}31m\u{85}", "<U+009B>31m<U+0085>"), ("a\u{202E}b\u{2066}c\u{061C}", "a<U+202E>b<U+2066>c<U+061C>"),
            ("\u{2028}\u{2029}\u{200B}\u{FEFF}", "<U+2028><U+2029><U+200B><U+FEFF>"),
            ("\u{E0041}\u{3164}", "<U+E0041><U+3164>"), ("été ✔\u{FE0F} 日本", "été ✔\u{FE0F} 日本"),
        ])
    func examples(_ text: String, _ shown: String) {
        #expect(text.displayable == shown)
    }

    @Test func onOneLineNothingEndsTheLine() {
        #expect("a\nOutcome: success\tb\r\n".displayableOnOneLine == "a^JOutcome: success^Ib^J")
    }

    @Test func invalidBytesAreReplaced() {
        #expect(
            String(decoding: [0x61, 0x9B, 0x33, 0xFF], as: UTF8.self).displayable == "a\u{FFFD}3\u{FFFD}")
    }

    /// For every character: its displayable form contains no control character, and is its own displayable form.
    @Test func nothingThatActsIsLeft() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for shown in [String(scalar).displayable, "\u{1B}\(scalar)x".displayable] {
                let isPlain = shown.unicodeScalars.allSatisfy { scalar in
                    switch scalar.properties.generalCategory {
                    case .control: scalar == "\n" || scalar == "\t"
                    case .format, .lineSeparator, .paragraphSeparator: false
                    default: true
                    }
                }
                if !isPlain || shown.displayable != shown {
                    Issue.record("U+\(String(value, radix: 16)) is shown as '\(shown)'")
                }
            }
        }
    }

    /// For random texts of dangerous characters: the conversion is idempotent; in JSON the value is unchanged, without
    /// dangerous characters.
    @Test func laws() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        let letters: [Unicode.Scalar] = [
            "\u{1B}", "[", "]", "m", "K", "3", ";", "\r", "\n", "\t", "\u{07}", "\u{202E}", "\u{E0041}", "\"", "\\",
            "é",
            "\u{9B}", "\u{7F}", "\u{2028}",
        ]
        for _ in 0..<2000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                scalars.append(letters.randomElement(using: &random) ?? "x")
            }
            let text = String(scalars)
            #expect(text.displayable.displayable == text.displayable)
            #expect(text.displayableOnOneLine.displayable == text.displayableOnOneLine)
            #expect(!text.displayableOnOneLine.contains { $0.isNewline })
            let json = String(decoding: try CanonicalJSON.encode([text]), as: UTF8.self)
            #expect(json.displayableJSON.displayable == json.displayableJSON)
            let read = try CanonicalJSON.decode([String].self, from: Data(json.displayableJSON.utf8))
            #expect(read.map { Array($0.unicodeScalars) } == [Array(text.unicodeScalars)])
        }
    }

    @Test func countsAgreeWithTheirNouns() {
        #expect(count(1, "cell") == "1 cell" && count(0, "cell") == "0 cells" && count(2, "cell") == "2 cells")
        #expect(count(1, "branch", plural: "branches") == "1 branch")
        #expect(count(3, "branch", plural: "branches") == "3 branches")
    }
}

/// Text as markup.
@Suite struct MarkupTests {
    @Test(arguments: [
        ("plain – text", "plain – text"),
        ("<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"),
        ("a\u{FFFE}b\u{FFFF}", "a\u{FFFD}b\u{FFFD}"), ("\u{FF1C}\u{FEFF}", "\u{FF1C}\u{FEFF}"), ("", ""),
    ])
    func charactersOfMarkupAreEscaped(text: String, escaped: String) { #expect(text.escapedAsMarkup == escaped) }

    /// Swift treats a character and its combining characters as one; a browser does not.
    @Test func combiningCharactersDoNotHideOthers() {
        for mark in ["\"", "'", "<", ">", "&"] {
            #expect(!"\(mark)\u{338}x".escapedAsMarkup.utf8.starts(with: mark.utf8) || mark == "&")
            #expect("\(mark)\u{338}".escapedAsMarkup.utf8.starts(with: "&".utf8))
            #expect("\(mark)\u{338}".escapedAsMarkup.unicodeScalars.contains(";"))
        }
    }

    @Test func namesBeyondTheFirstAreCounted() {
        #expect(["a", "b", "c"].list(first: 2) == "a, b and 1 more")
        #expect(["a", "b"].list(first: 2) == "a, b" && [String]().list(first: 2) == "")
    }
}
