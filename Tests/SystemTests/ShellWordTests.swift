import System
import TestSupport
import Testing

@Suite struct ShellWordTests {
    /// Any text survives a real shell as one word.
    @Test func everyTextIsOneWord() throws {
        let texts = ["", "a", "it's", "a b", "$HOME", "`id`", "\\", "\"", "*", "a\nb", "-n", "~", "#", "é", "''", "!x"]
        let script = "printf '%s\\0' " + ShellWord.line(texts)
        let output = try Program(["/bin/sh", "-c", script]).output()
        let words = output.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        #expect(words.dropLast() == texts[...])
    }

    /// Of random texts, the ones with a combining character after a quote among them.
    @Test func randomTextsAreOneWord() throws {
        var random = SeededGenerator()
        let letters = [
            "'", "'\u{301}", "\u{301}", "\u{200D}", "\u{600}", "\r\n", "\n", "\\", "\"", "$(id)", ";", " ", "a",
        ]
        let texts = (0..<1_000).map { _ in
            (0..<Int.random(in: 0...6, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                .joined()
        }
        let output = try Program(["/bin/sh", "-c", "printf '%s\\0' " + ShellWord.line(texts)]).output()
        let words = output.utf8.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
        #expect(words.dropLast() == texts.map { Array($0.utf8) }[...])
    }

    @Test func aCharacterIsReplacedBeforeACombiningCharacter() {
        #expect(
            "a,\u{301}b,".replacingScalar(",", with: ",,").unicodeScalars.elementsEqual("a,,\u{301}b,,".unicodeScalars))
        #expect("".replacingScalar(",", with: ";") == "" && ",,".replacingScalar(",", with: "") == "")
    }
}
