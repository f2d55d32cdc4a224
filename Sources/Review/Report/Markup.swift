internal import Core

/// Text of XML under construction. Whatever is not a tag is escaped.
struct Markup {
    /// What was written so far.
    private(set) var text: String

    /// - Parameter prologue: written as it is: an XML declaration.
    init(prologue: String = "") {
        text = prologue
    }

    /// Writes an element around what `content` writes.
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

    /// `words` with the characters of tags as entities, and those made visible that would act on a reader's screen or
    /// that XML 1.0 forbids.
    private static func escaped(_ words: String) -> String { words.displayable.escapedAsMarkup }
}
