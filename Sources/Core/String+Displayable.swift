extension String {
    /// This text with all characters replaced that would affect a terminal or mislead a reader instead of being
    /// visible.
    ///
    /// - Control characters are shown in caret notation (`^[`, `^G`, `^?`), those of C1 as `<U+009B>`. Line feeds and
    ///   tabs stay; a carriage return before a line feed is dropped.
    /// - Format characters (bidirectional controls, zero-width characters, tags), other invisible characters and the
    ///   line and paragraph separators are shown as `<U+202E>`. The variation selectors of emoji (U+FE0E and U+FE0F)
    ///   stay.
    /// - Colours and erasures to the end of the line, as compilers print them (`ESC [ … m`, `ESC [ … K`), are removed.
    ///
    /// Unassigned and private-use characters stay: terminals show them as a box. Applied twice, it changes nothing
    /// more.
    ///
    /// - Complexity: Linear.
    public var displayable: String {
        hasOnlyPlainBytes ? self : DisplayFilter(.text).filtered(unicodeScalars)
    }

    /// Like `displayable`, but line feeds and tabs are shown too (`^J`, `^I`), so that the text stays on one line.
    public var displayableOnOneLine: String {
        hasOnlyPlainBytes && !utf8.contains { $0 < 0x20 } ? self : DisplayFilter(.line).filtered(unicodeScalars)
    }

    /// This JSON text with the same characters escaped (`\u202e`), so that its value does not change.
    public var displayableJSON: String {
        hasOnlyPlainBytes ? self : DisplayFilter(.json).filtered(unicodeScalars)
    }

    /// Whether the text contains only visible ASCII characters, spaces, tabs and line feeds.
    private var hasOnlyPlainBytes: Bool {
        utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0x09 || $0 == 0x0A }
    }
}

extension Unicode.Scalar {
    /// Whether a terminal just shows the character.
    fileprivate var isDisplayable: Bool {
        if isASCII { return value >= 0x20 && value != 0x7F }
        if value == 0xFE0E || value == 0xFE0F { return true }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return false
        default: return !properties.isDefaultIgnorableCodePoint
        }
    }
}

/// Replaces the characters described at `displayable`.
private struct DisplayFilter {
    enum Form {
        case text, line, json
    }

    private let form: Form

    init(_ form: Form) {
        self.form = form
    }

    func filtered(_ scalars: String.UnicodeScalarView) -> String {
        if scalars.allSatisfy({ $0.isDisplayable || isLayout($0) }) { return String(scalars) }
        var output = String.UnicodeScalarView()
        var rest = scalars[...]
        while let scalar = rest.first {
            if form != .json, let end = Self.endOfColour(in: rest) {
                rest = rest[end...]
                continue
            }
            rest.removeFirst()
            if scalar == "\r", form != .json, rest.first == "\n" { continue }
            if scalar.isDisplayable || isLayout(scalar) {
                output.append(scalar)
            } else {
                output.append(contentsOf: replacement(of: scalar).unicodeScalars)
            }
        }
        return String(output)
    }

    private func isLayout(_ scalar: Unicode.Scalar) -> Bool {
        switch form {
        case .line: false
        case .text: scalar == "\n" || scalar == "\t"
        // Between values, a carriage return is white space.
        case .json: scalar == "\n" || scalar == "\t" || scalar == "\r"
        }
    }

    private func replacement(of scalar: Unicode.Scalar) -> String {
        if form == .json {
            return scalar.utf16.map { "\\u" + Self.hexadecimal(UInt32($0)).lowercased() }.joined()
        }
        guard scalar.isASCII else { return "<U+\(Self.hexadecimal(scalar.value))>" }
        return "^\(Character(Unicode.Scalar(UInt8(scalar.value ^ 0x40))))"
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// The end of an escape sequence at this position that sets colours or erases to the end of the line.
    private static func endOfColour(in scalars: Substring.UnicodeScalarView) -> String.Index? {
        guard scalars.first == "\u{1B}" else { return nil }
        let parameters = scalars.dropFirst()
        guard parameters.first == "[" else { return nil }
        var index = parameters.index(after: parameters.startIndex)
        var length = 0
        while index < parameters.endIndex, length < longestParameters, isParameter(parameters[index]) {
            index = parameters.index(after: index)
            length += 1
        }
        guard index < parameters.endIndex, parameters[index] == "m" || parameters[index] == "K" else { return nil }
        return parameters.index(after: index)
    }

    private static let longestParameters = 64

    private static func isParameter(_ scalar: Unicode.Scalar) -> Bool {
        ("0"..."9").contains(scalar) || scalar == ";" || scalar == ":"
    }
}
