/// Writes a job's log so that a build cannot print lines that look like the runner's own.
///
/// A line that begins with `=== ` is the runner's. The output of a command is between two of them:
/// ```
/// === begin build dune-build: dune build -p fmt
/// File "src/fmt.ml", line 3, characters 8-11:
/// === end build dune-build: exit status 1, 45 bytes
/// ```
/// A printed line that begins with three or more `=` gets one more, so none can look like the runner's; the number of
/// bytes shows whether the last line ended with a line feed. ``JobLogDocument`` parses the log.
package struct LogEncoder: Sendable {
    /// The beginning of the runner's lines.
    package static let marker = "=== "
    private static let equals = UInt8(ascii: "=")
    private static let newline = UInt8(ascii: "\n")

    /// The number of `=` in the unfinished line; nil if it contains anything else.
    private var leading: Int? = 0
    private var endsLine = true
    /// The number of bytes that the command has printed so far.
    private var bytes = 0

    /// Creates an encoder at the start of a log.
    package init() {}

    /// A line of the runner, such as `on ciso@host`.
    package mutating func note(_ text: String) -> [UInt8] {
        line(text)
    }

    /// The line before a command's output.
    ///
    /// - Parameters:
    ///   - name: the name of the step, without blanks.
    ///   - command: the command, for people; only its first line is written.
    package mutating func begin(_ phase: Phase, _ name: String, _ command: String) -> [UInt8] {
        bytes = 0
        return line("begin \(phase.rawValue) \(Self.word(name)): \(command.split(separator: "\n").first ?? "")")
    }

    /// The output of a command, in pieces that may end anywhere.
    package mutating func encode(_ printed: [UInt8]) -> [UInt8] {
        guard !printed.isEmpty else { return [] }
        bytes += printed.count
        endsLine = printed.last == Self.newline
        var encoded: [UInt8] = []
        encoded.reserveCapacity(printed.count + 16)
        for byte in printed {
            if byte == Self.newline {
                leading = 0
            } else if byte == Self.equals, let count = leading {
                leading = count < 2 ? count + 1 : nil
                if count == 2 { encoded.append(Self.equals) }
            } else {
                leading = nil
            }
            encoded.append(byte)
        }
        return encoded
    }

    /// The line after a command's output.
    package mutating func end(_ phase: Phase, _ name: String, _ ending: String) -> [UInt8] {
        line("end \(phase.rawValue) \(Self.word(name)): \(ending), \(bytes) bytes")
    }

    /// Starts a new line, whatever was printed before.
    private mutating func line(_ text: String) -> [UInt8] {
        let start = endsLine ? "" : "\n"
        (leading, endsLine) = (0, true)
        let plain = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        return Array("\(start)\(Self.marker)\(plain)\n".utf8)
    }

    private static func word(_ name: String) -> String {
        name.split(whereSeparator: { $0 == " " || $0.isNewline || $0 == ":" }).joined(separator: "-")
    }
}
