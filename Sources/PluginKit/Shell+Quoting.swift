internal import ShellQuoting

/// `word` quoted for POSIX shells; it must not contain a zero byte. Words of letters, digits and `@%+=:,./-_` are
/// returned unchanged.
public func shellQuoted(_ word: String) -> String {
    ShellWord.quotedArgument(word)
}

/// The words of a command, quoted and separated by spaces.
public func shellQuoted(_ words: some Sequence<String>) -> String {
    words.map { shellQuoted($0) }.joined(separator: " ")
}
