/// Strings with `%{variable}%`. `%%` means `%`; a `%{` that is not closed on the same line is left unchanged.
public enum Interpolation {
    /// A piece of a string that is split at its variables.
    private enum Piece<Bytes> {
        case literal(Bytes)
        /// `%%`
        case percent
        /// The text between `%{` and `}%`.
        case variable(Bytes)
    }

    /// The text with the values of its variables; an undefined variable expands to nothing.
    public static func expand(_ text: String, in environment: Environment) -> String {
        guard text.utf8.contains(.percent) else { return text }
        return pieces(of: text).map { piece in
            switch piece {
            case .literal(let text): String(Substring(text))
            case .percent: "%"
            case .variable(let name): value(of: Substring(name), in: environment, keepsUndefined: false) ?? ""
            }
        }.joined()
    }

    /// The text with the values of its variables; nil if one of them is undefined.
    static func expandIfDefined(_ text: String, in environment: Environment) -> String? {
        guard text.utf8.contains(.percent) else { return text }
        var result = ""
        for piece in pieces(of: text) {
            switch piece {
            case .literal(let text): result += Substring(text)
            case .percent: result += "%"
            case .variable(let name):
                guard let value = value(of: Substring(name), in: environment, keepsUndefined: false) else { return nil }
                result += value
            }
        }
        return result
    }

    /// The text with the values of the defined variables, to be expanded again for the others.
    static func partiallyExpanded(_ text: String, in environment: Environment) -> String {
        pieces(of: text).map { piece in
            switch piece {
            case .literal(let text): return String(Substring(text))
            case .percent: return "%%"
            case .variable(let name):
                let name = Substring(name)
                return value(of: name, in: environment, keepsUndefined: true).map(escaped) ?? "%{\(name)}%"
            }
        }.joined()
    }

    /// An escaped text, which expands to `text`.
    public static func escaped(_ text: String) -> String {
        guard text.utf8.contains(.percent) else { return text }
        // By bytes: to Swift, a percent sign before a combining character is another character.
        return text.utf8.split(separator: .percent, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "%%")
    }

    /// The variables that the text may depend on.
    public static func variables(in text: String) -> [Variable] {
        guard text.utf8.contains(.percent) else { return [] }
        return pieces(of: text).flatMap { piece -> [Variable] in
            guard case .variable(let name) = piece else { return [] }
            return VariableReference(parsing: String(Substring(name)), interpolated: true)?.variables ?? []
        }
    }

    private static func value(
        of name: Substring, in environment: Environment, keepsUndefined: Bool
    ) -> String? {
        VariableReference(parsing: String(name), interpolated: true)?
            .value(in: environment, keepsUndefined: keepsUndefined)?.text
    }

    private static func pieces(of text: String) -> [Piece<Substring.UTF8View>] {
        pieces(of: text[...].utf8)
    }

    private static func pieces<Bytes: Collection>(of text: Bytes) -> [Piece<Bytes>]
    where Bytes.Element == UInt8, Bytes.SubSequence == Bytes {
        var pieces: [Piece<Bytes>] = []
        var rest = text
        while let percent = rest.firstIndex(of: .percent) {
            let next = rest.index(after: percent)
            guard next < rest.endIndex else { break }
            let following = rest[next]
            let afterBoth = rest.index(after: next)
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

    /// Appends the piece `%{…}%`, or if it is not closed the rest of the line, at the start of `text`, and returns the
    /// remaining text. As in opam, a brace and the next character are read together, so `}}%` does not close it, except
    /// at the end of the line.
    private static func takeVariable<Bytes: Collection>(
        from text: Bytes, nameAt start: Bytes.Index, into pieces: inout [Piece<Bytes>]
    ) -> Bytes where Bytes.Element == UInt8, Bytes.SubSequence == Bytes {
        let lineEnd = text[start...].firstIndex(of: .newline) ?? text.endIndex
        var search = start
        while let brace = text[search..<lineEnd].firstIndex(of: .closeBrace) {
            let next = text.index(after: brace)
            guard next < lineEnd else { break }
            if text[next] == .percent {
                pieces.append(.variable(text[start..<brace]))
                return text[text.index(after: next)...]
            }
            search = text.index(after: next)
        }
        let line = text[start..<lineEnd]
        let isClosed = line.count > 1 && line.suffix(2).elementsEqual([.closeBrace, .percent])
        pieces.append(isClosed ? .variable(line.dropLast(2)) : .literal(text[..<lineEnd]))
        return text[lineEnd...]
    }
}

// MARK: Bytes

extension Interpolation {
    /// Bytes in any encoding with the values of their variables; an undefined variable expands to nothing.
    ///
    /// - Parameter escape: is applied to the expansion of each variable.
    public static func expand(
        _ bytes: [UInt8], in environment: Environment, escape: (String) -> String = { $0 }
    ) -> [UInt8] {
        guard bytes.contains(.percent) else { return bytes }
        return pieces(of: bytes[...]).flatMap { piece -> [UInt8] in
            switch piece {
            case .literal(let text): return Array(text)
            case .percent: return [.percent]
            case .variable(let name):
                if let name = String(validating: name, as: UTF8.self) {
                    return Array(escape(value(of: name[...], in: environment, keepsUndefined: false) ?? "").utf8)
                }
                // Each byte becomes one character: variable names and texts may contain the file's encoding.
                let values: Environment = { variable in
                    guard case .string(let text)? = environment(variable) else { return environment(variable) }
                    return .string(latin1(text.utf8))
                }
                let value = value(of: latin1(name)[...], in: values, keepsUndefined: false) ?? ""
                return escape(value).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            }
        }
    }

    /// The first reference in the bytes to a variable of an invalid package name.
    public static func impossibleReference(in bytes: [UInt8]) -> String? {
        guard bytes.contains(.percent) else { return nil }
        return pieces(of: bytes[...]).lazy.compactMap { piece -> String? in
            guard case .variable(let name) = piece else { return nil }
            let text = String(decoding: name, as: UTF8.self)
            return VariableReference(parsing: text, interpolated: true) == nil ? text : nil
        }.first
    }

    private static func latin1(_ bytes: some Sequence<UInt8>) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
