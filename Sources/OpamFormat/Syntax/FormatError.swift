/// An error in a file and its position.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file name, as given to the parser.
    public var file: String
    /// The line number, from 1.
    public var line: Int
    /// The number of the character in the line, from 1.
    public var column: Int
    /// The line of the file, truncated to a readable length.
    public var excerpt: String
    /// What was found and what was expected.
    public var message: String
    /// The field that is treated as absent; nil if the whole file is unusable.
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
    /// The limit on the length of excerpts: longer lines are truncated.
    static let longestExcerpt = 200

    /// Creates an error at a byte of a file.
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

/// The error type of the lexer and the parser: a message at a byte.
struct SyntaxError: Error {
    var message: String
    var offset: Int
}
