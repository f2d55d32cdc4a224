import Foundation
import Testing

@testable import OpamSwitch

@Suite struct ShellWordTests {
    /// Any text survives a real shell as one word.
    @Test func everyTextIsOneWord() throws {
        let texts = ["", "a", "it's", "a b", "$HOME", "`id`", "\\", "\"", "*", "a\nb", "-n", "~", "#", "é", "''", "!x"]
        let script = "printf '%s\\0' " + ShellWord.line(texts)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let words = data.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(words.dropLast() == texts[...])
    }
}
