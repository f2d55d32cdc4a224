/// Texts with `%{variable}%` in them. `%%` stands for `%`; a `%{` that isn't closed on its line stands for itself.
public enum Interpolation {
    /// A text cut at its variables.
    private enum Piece {
        case literal(Substring)
        /// `%%`
        case percent
        /// What stands between `%{` and `}%`.
        case variable(Substring)
    }

    /// The text with the values of its variables; an undefined variable gives nothing.
    public static func expand(_ text: String, in environment: Environment) -> String {
        guard text.utf8.contains(.percent) else { return text }
        return pieces(of: text).map { piece in
            switch piece {
            case .literal(let text): String(text)
            case .percent: "%"
            case .variable(let name): value(of: name, in: environment, keepsUndefined: false) ?? ""
            }
        }.joined()
    }

    /// The text with the values of its variables; nil when one of them is undefined.
    static func expandIfDefined(_ text: String, in environment: Environment) -> String? {
        guard text.utf8.contains(.percent) else { return text }
        var result = ""
        for piece in pieces(of: text) {
            switch piece {
            case .literal(let text): result += text
            case .percent: result += "%"
            case .variable(let name):
                guard let value = value(of: name, in: environment, keepsUndefined: false) else { return nil }
                result += value
            }
        }
        return result
    }

    /// The text with the values of those variables that are defined, still to be expanded for the others.
    static func partiallyExpanded(_ text: String, in environment: Environment) -> String {
        pieces(of: text).map { piece in
            switch piece {
            case .literal(let text): return String(text)
            case .percent: return "%%"
            case .variable(let name):
                return value(of: name, in: environment, keepsUndefined: true).map(escaped) ?? "%{\(name)}%"
            }
        }.joined()
    }

    /// A text that expands to `text`.
    public static func escaped(_ text: String) -> String {
        guard text.utf8.contains(.percent) else { return text }
        return text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }

    /// The variables that the text may depend on.
    public static func variables(in text: String) -> [Variable] {
        guard text.utf8.contains(.percent) else { return [] }
        return pieces(of: text).flatMap { piece -> [Variable] in
            guard case .variable(let name) = piece else { return [] }
            return VariableReference(parsing: String(name), interpolated: true)?.variables ?? []
        }
    }

    private static func value(
        of name: Substring, in environment: Environment, keepsUndefined: Bool
    ) -> String? {
        VariableReference(parsing: String(name), interpolated: true)?
            .value(in: environment, keepsUndefined: keepsUndefined)?.text
    }

    private static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let percent = rest.utf8.firstIndex(of: .percent) {
            let next = rest.utf8.index(after: percent)
            guard next < rest.endIndex else { break }
            let following = rest.utf8[next]
            let afterBoth = rest.utf8.index(after: next)
            if following == .percent {
                pieces.append(.literal(rest[..<percent]))
                pieces.append(.percent)
                rest = rest[afterBoth...]
            } else if following == .openBrace {
                pieces.append(.literal(rest[..<percent]))
                rest = takeVariable(from: rest[percent...], nameAt: afterBoth, into: &pieces)
            } else {
                pieces.append(.literal(rest[..<next]))
                rest = rest[next...]
            }
        }
        pieces.append(.literal(rest))
        return pieces
    }

    /// Takes `%{…}%` from the start of `text`, or, when it isn't closed, the line; returns what follows.
    private static func takeVariable(
        from text: Substring, nameAt start: String.Index, into pieces: inout [Piece]
    ) -> Substring {
        let lineEnd = text.utf8[start...].firstIndex(of: .newline) ?? text.endIndex
        var search = start
        while let brace = text.utf8[search..<lineEnd].firstIndex(of: .closeBrace) {
            let next = text.utf8.index(after: brace)
            if next < lineEnd, text.utf8[next] == .percent {
                pieces.append(.variable(text[start..<brace]))
                return text[text.utf8.index(after: next)...]
            }
            search = next
        }
        pieces.append(.literal(text[..<lineEnd]))
        return text[lineEnd...]
    }
}
