/// Quotes texts so that any POSIX shell reads them as one word.
package enum ShellWord {
    /// Returns `text` itself if it needs no quotes, otherwise in single quotes.
    package static func quoted(_ text: String) -> String { quoted(text, isArgument: false) }

    /// The same for a word that follows the program of a command. It may contain `=` without quotes, with which the
    /// first word would be an assignment.
    package static func quotedArgument(_ text: String) -> String { quoted(text, isArgument: true) }

    private static func quoted(_ text: String, isArgument: Bool) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "="): isArgument
            default: "_-./,:@%+".utf8.contains(byte)
            }
        }
        if isPlain, !text.isEmpty { return text }
        // By scalars: to Swift, a quote before a combining character is another character.
        let parts = text.unicodeScalars.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
        return "'\(parts.joined(separator: #"'\''"#))'"
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
