internal import Core

/// A builder of XML, which escapes all text.
struct Markup {
    /// The XML written so far.
    private(set) var text: String

    /// - Parameter prologue: Unescaped text at the beginning, such as an XML declaration.
    init(prologue: String = "") {
        text = prologue
    }

    /// Writes an element that encloses the output of `content`.
    mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: (inout Markup) -> Void
    ) {
        open(name, attributes)
        content(&self)
        text += "</\(name)>\n"
    }

    /// Writes an element around `text`.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
        element(name, attributes) { $0.write(text) }
    }

    private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(Markup.escaped(value))\"" }
        text += ">"
    }

    /// Writes text between tags.
    mutating func write(_ words: String) {
        text += Markup.escaped(words)
    }

    /// `words` with markup characters as entities, and with control characters and those forbidden by XML 1.0 made
    /// visible.
    private static func escaped(_ words: String) -> String { words.displayable.escapedAsMarkup }
}
