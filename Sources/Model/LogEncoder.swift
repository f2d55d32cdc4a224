/// Writes a job's log, in which the runner's own lines cannot be mistaken for what a build prints.
///
/// A line that begins with `=== ` is the runner's. What a command prints is between two of them:
/// ```
/// === begin build dune-build: dune build -p fmt
/// File "src/fmt.ml", line 3, characters 8-11:
/// === end build dune-build: exit status 1, 45 bytes
/// ```
/// A printed line that begins with three or more `=` gets one more, so none can look like the runner's; the count of bytes
/// says whether the last line had an end of its own. ``JobLogDocument`` reads it back.
package struct LogEncoder: Sendable {
    package static let marker = "=== "
    private static let equals = UInt8(ascii: "=")
    private static let newline = UInt8(ascii: "\n")

    /// How many `=` the unfinished line consists of; nil if it has something else.
    private var leading: Int? = 0
    private var endsLine = true
    /// What the command printed so far.
    private var bytes = 0

    /// An encoder at the start of a log.
    package init() {}

    /// A line of the runner's own, such as `on ciso@host`.
    package mutating func note(_ text: String) -> [UInt8] {
        line(text)
    }

    /// The line before what a command prints.
    ///
    /// - Parameters:
    ///   - name: the step's, without blanks.
    ///   - command: what is run, for people; its first line counts.
    package mutating func begin(_ phase: Phase, _ name: String, _ command: String) -> [UInt8] {
        bytes = 0
        return line("begin \(phase.rawValue) \(Self.word(name)): \(command.split(separator: "\n").first ?? "")")
    }

    /// What a command printed, in pieces that end anywhere.
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

    /// The line after what a command printed.
    package mutating func end(_ phase: Phase, _ name: String, _ ending: String) -> [UInt8] {
        line("end \(phase.rawValue) \(Self.word(name)): \(ending), \(bytes) bytes")
    }

    /// Starts on a line of its own, whatever was printed before.
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
