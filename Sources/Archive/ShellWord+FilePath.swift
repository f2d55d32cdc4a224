package import System

extension ShellWord {
    /// A path in any encoding. A script is text: bytes that are not UTF-8 are written by the shell's own `printf`. A line
    /// break at the end would be lost there.
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
