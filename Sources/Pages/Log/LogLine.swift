internal import Core

/// A line of a log as markup. Output of builds is untrusted: everything is escaped, colours become classes, and links
/// and other control sequences are removed or made visible.
struct LogLine {
    /// The maximum number of characters shown of a line.
    static let limit = 4000

    /// The text colours by the parameter of `ESC [ … m`.
    private static let colours = [
        31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan",
        91: "red", 92: "green", 93: "yellow", 94: "blue", 95: "magenta", 96: "cyan",
    ]

    /// The current style, which continues on the next line.
    struct Style: Equatable {
        var isBold = false
        var colour: String?

        fileprivate var classes: String {
            [isBold ? "ansi-bold" : nil, colour.map { "ansi-\($0)" }].compactMap { $0 }.joined(separator: " ")
        }

        /// Applies the parameters of one `ESC [ … m`.
        fileprivate mutating func apply(_ parameters: [Int]) {
            for parameter in parameters {
                switch parameter {
                case 0: self = Style()
                case 1: isBold = true
                case 22: isBold = false
                // 38 and 48 are followed by a colour, which must not be interpreted as further parameters.
                case 38, 48: return
                case 39: colour = nil
                default: if let name = LogLine.colours[parameter] { colour = name }
                }
            }
        }
    }

    /// The markup of a line.
    ///
    /// - Parameters:
    ///   - bytes: The line without its line break. Of text overwritten by carriage returns, the last state is shown.
    ///   - style: The style at the beginning of the line; updated to that at its end.
    static func markup(of bytes: ArraySlice<UInt8>, _ style: inout Style) -> String {
        render(bytes, &style) { text, style in
            let escaped = text.escapedAsMarkup
            return style == Style() ? escaped : "<span class=\"\(style.classes)\">\(escaped)</span>"
        }
    }

    /// A line as text, without its colours.
    static func text(of bytes: ArraySlice<UInt8>, _ style: inout Style) -> String {
        render(bytes, &style) { text, _ in text }
    }

    private static func render(
        _ bytes: ArraySlice<UInt8>, _ style: inout Style, _ write: (String, Style) -> String
    ) -> String {
        var line = bytes
        while line.last == UInt8(ascii: "\r") { line.removeLast() }
        if let overwritten = line.lastIndex(of: UInt8(ascii: "\r")) { line = line[(overwritten + 1)...] }
        let isCut = line.count > limit
        if isCut { line = line.prefix(limit) }
        var output = ""
        var text = String.UnicodeScalarView()
        var rest = Substring(decoding: line, as: UTF8.self).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "\u{1B}" else {
                text.append(scalar)
                continue
            }
            flush(&text, style, to: &output, write)
            if let parameters = takeSequence(from: &rest) { style.apply(parameters) }
        }
        flush(&text, style, to: &output, write)
        return output + (isCut ? " …" : "")
    }

    private static func flush(
        _ text: inout String.UnicodeScalarView, _ style: Style, to output: inout String,
        _ write: (String, Style) -> String
    ) {
        guard !text.isEmpty else { return }
        output += write(String(text).displayableOnOneLine, style)
        text.removeAll()
    }

    /// Consumes the rest of a control sequence, and returns its parameters if it sets a style.
    private static func takeSequence(from rest: inout Substring.UnicodeScalarView) -> [Int]? {
        switch rest.first {
        case "[":
            rest.removeFirst()
            var parameters = ""
            while let scalar = rest.popFirst() {
                if ("\u{40}"..."\u{7E}").contains(scalar) {
                    guard scalar == "m" else { return nil }
                    return parameters.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
                }
                guard parameters.utf8.count < 64 else { return nil }
                parameters.unicodeScalars.append(scalar)
            }
            return nil
        case "]":
            // An operating system command, such as a link: it ends with BEL or ESC \.
            while let scalar = rest.popFirst(), scalar != "\u{07}" {
                if scalar == "\u{1B}" {
                    if rest.first == "\\" { rest.removeFirst() }
                    break
                }
            }
            return nil
        default:
            if rest.first != nil { rest.removeFirst() }
            return nil
        }
    }
}
