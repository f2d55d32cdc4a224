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
}
