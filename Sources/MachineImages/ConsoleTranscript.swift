internal import Core
internal import Glibc
internal import System

/// The log of a dialogue: the output of the console and the text sent to it, made displayable, at most 16 MiB.
struct ConsoleTranscript: ~Copyable {
    private let file: OpenFile<SystemError>
    private var filter = ConsoleText()
    private var line: [UInt8] = []
    /// The last non-empty lines.
    private var tail: [String] = []
    private var written = 0
    private static let limit = 16 << 20
    private static let longestLine = 4096

    /// Creates the file, or truncates an existing one.
    init(_ path: String) throws(SystemError) {
        file = try OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    }

    /// Adds output of the console.
    mutating func console(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            guard let shown = filter.show(byte) else { continue }
            if shown == UInt8(ascii: "\n") { endLine() } else { line.append(shown) }
            if line.count >= Self.longestLine { endLine() }
        }
    }

    /// Adds a line of ciso itself.
    mutating func note(_ text: String) {
        endLine()
        write("--- \(text.displayableOnOneLine)\n")
    }

    /// The last lines of the console, including the unfinished one.
    var lastLines: [String] {
        (tail + (line.isEmpty ? [] : [Self.displayed(line)])).suffix(3).map { String($0.prefix(300)) }
    }

    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        let text = Self.displayed(line)
        if !text.allSatisfy(\.isWhitespace) { tail = tail.suffix(4) + [text] }
        if !line.isEmpty { write(text + "\n") }
    }

    private static func displayed(_ line: [UInt8]) -> String {
        String(decoding: line, as: UTF8.self).displayableOnOneLine
    }

    private mutating func write(_ text: String) {
        guard written < Self.limit else { return }
        written += text.utf8.count
        // The installation matters more than its log.
        var bytes = Array((written < Self.limit ? text : "--- the log ends here: it has reached its limit\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            bytes = bytes.dropFirst(max(0, count))
        }
    }
}
