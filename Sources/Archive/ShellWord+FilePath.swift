package import ShellQuoting

extension ShellWord {
    /// Quotes a path with any encoding. A script is text, so bytes that are not valid UTF-8 are produced by the shell's
    /// `printf`. A line feed at the end would be lost.
    package static func quoted(_ path: FilePath) -> String {
        if let text = path.text { return quoted(text) }
        let format = path.bytes.map { byte in
            let isPlain = (0x20..<0x7F).contains(byte) && !#"'\%"#.utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "\\" + octal(byte)
        }
        return #""$(printf '"# + format.joined() + #"')""#
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }
}
