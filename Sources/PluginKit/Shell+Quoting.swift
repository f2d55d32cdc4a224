/// `word` quoted for POSIX shells; it must not contain a zero byte. Words of letters, digits and `@%+=:,./-_` are
/// returned unchanged.
public func shellQuoted(_ word: String) -> String {
    if !word.isEmpty, word.utf8.allSatisfy(isPlain) { return word }
    // By scalars: to Swift, a quote before a combining character is another character.
    let parts = word.unicodeScalars.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
    return "'\(parts.joined(separator: #"'\''"#))'"
}

/// The words of a command, quoted and separated by spaces.
public func shellQuoted(_ words: some Sequence<String>) -> String {
    words.map { shellQuoted($0) }.joined(separator: " ")
}

private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "@%+=:,./-_".utf8.contains(byte)
    }
}
