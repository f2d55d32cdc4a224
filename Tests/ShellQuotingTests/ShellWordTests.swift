import ShellQuoting
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

    /// In an argument, `=` needs no quotes; in the first word of a command it would begin an assignment.
    @Test func assignmentsAreQuoted() throws {
        #expect(ShellWord.quoted("A=b") == "'A=b'" && ShellWord.quotedArgument("A=b") == "A=b")
        #expect(ShellWord.quotedArgument("A=b c") == "'A=b c'")
        let ending = try Program(["/bin/sh", "-c", ShellWord.line(["A=b", "c"])]).run()
        #expect(ending.status == 127, "the word is a program that does not exist")
    }
}
