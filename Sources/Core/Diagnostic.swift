/// A position in a user's text. Lines and columns are counted from 1; columns count characters.
public struct SourceLocation: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The file name as given by the user.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The character in the line, from 1.
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// A message for the user: the problem, its location, and a suggestion.
public struct Diagnostic: Hashable, Sendable {
    /// The severity of a message.
    public enum Severity: String, Sendable, Codable {
        case error, warning, note
    }

    /// The severity.
    public var severity: Severity
    /// The object, what was found and what was expected.
    public var message: String
    /// The position in the user's text; nil if there is none.
    public var location: SourceLocation?
    /// The line of the text at `location`.
    public var excerpt: String?
    /// A suggestion for the user.
    public var hint: String?

    public init(
        _ severity: Severity = .error, _ message: String, at location: SourceLocation? = nil, excerpt: String? = nil,
        hint: String? = nil
    ) {
        self.severity = severity
        self.message = message
        self.location = location
        self.excerpt = excerpt
        self.hint = hint
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message`, the line with a marker below it, and the hint.
    public var description: String {
        var text = location.map { "\($0): " } ?? ""
        text += "\(severity.rawValue): \(message)"
        if let excerpt, let location {
            let number = String(location.line)
            let margin = String(repeating: " ", count: number.count)
            let (line, column) = Self.window(of: excerpt, around: max(0, location.column - 1))
            let (head, tail) = (String(line.prefix(column)).displayable, String(line.dropFirst(column)).displayable)
            let before = head.map { (letter: Character) -> Character in letter == "\t" ? "\t" : " " }
            text += "\n \(number) | \(head)\(tail)\n \(margin) | \(String(before))^"
        }
        if let hint {
            text += "\n  hint: \(hint)"
        }
        return text
    }

    /// The visible part of a long line, and the marker's position in it.
    private static func window(of line: String, around column: Int) -> (line: String, column: Int) {
        let (width, lead) = (160, 60)
        guard line.utf8.count > width else { return (line, column) }
        let start = column > width - lead ? column - lead : 0
        let shown = line.dropFirst(start).prefix(width)
        let end = shown.endIndex < line.endIndex ? "…" : ""
        return start == 0 ? (shown + end, column) : ("…" + shown + end, lead + 1)
    }
}
