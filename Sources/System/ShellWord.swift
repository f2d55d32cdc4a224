/// Quotes texts so that any POSIX shell reads them as one word.
package enum ShellWord {
    /// Returns `text` itself if it needs no quotes, otherwise in single quotes.
    package static func quoted(_ text: String) -> String {
        let safe = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-./,:@%+".utf8.contains(byte)
            }
        }
        if safe, !text.isEmpty { return text }
        return "'\(text.replacingScalar("'", with: "'\\''"))'"
    }

    /// Lines that set the parameters of a script.
    package static func assignments(_ parameters: KeyValuePairs<String, String>) -> String {
        parameters.map { "\($0.key)=\(quoted($0.value))\n" }.joined()
    }

    /// A program and its arguments as a line of a script.
    package static func line(_ words: [String]) -> String {
        words.map(quoted).joined(separator: " ")
    }
}
