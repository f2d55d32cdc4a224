/// What is wrong in a file, and where.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name under which the file was read.
    public var file: String
    /// Counts from 1.
    public var line: Int
    /// Counts characters from 1.
    public var column: Int
    /// The line of the file, cut to a readable length.
    public var excerpt: String
    /// What was found and what was expected.
    public var message: String
    /// The field that is treated as absent; nil when the whole file can't be used.
    public var field: String?

    public init(
        file: String, line: Int, column: Int, excerpt: String, message: String, field: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.excerpt = excerpt
        self.message = message
        self.field = field
    }

    /// `file:line:column: message`
    public var description: String { "\(file):\(line):\(column): \(message)" }
}

extension FormatError {
    /// Longer lines are cut: an excerpt is for reading.
    static let longestExcerpt = 200

    /// An error at a byte of a file.
    init(_ message: String, at offset: Int, of bytes: [UInt8], file: String, field: String? = nil) {
        let offset = min(offset, bytes.count)
        let before = bytes[..<offset]
        let start = before.lastIndex(of: .newline).map { $0 + 1 } ?? 0
        let end = bytes[offset...].firstIndex(of: .newline) ?? bytes.count
        let lead = String(decoding: bytes[start..<offset], as: UTF8.self)
        var text = String(decoding: bytes[start..<end], as: UTF8.self)
        if text.last == "\r" { text.removeLast() }
        self.init(
            file: file, line: before.count { $0 == .newline } + 1, column: lead.count + 1,
            excerpt: String(text.prefix(Self.longestExcerpt)), message: message, field: field)
    }
}

/// What the lexer and the parser throw: a message at a byte.
struct SyntaxError: Error {
    var message: String
    var offset: Int
}
