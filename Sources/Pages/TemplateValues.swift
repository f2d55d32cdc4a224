internal import Mustache

/// The values of a template by name: text, numbers, flags, nested values and lists of these.
///
/// The library looks each name up in every enclosing section. There are few names, so that comparing all of them takes less
/// time than hashing.
struct TemplateValues: ExpressibleByDictionaryLiteral, MustacheParent {
    private var entries: [(name: String, value: Any)]

    init(dictionaryLiteral entries: (String, Any)...) {
        self.entries = entries.map { ($0, TemplateText.wrapped($1)) }
    }

    subscript(name: String) -> Any? {
        get { child(named: name) }
        set { if let newValue { entries.append((name, TemplateText.wrapped(newValue))) } }
    }

    /// Adds other values, which replace those of the same name.
    mutating func merge(_ others: TemplateValues) { entries += others.entries }

    /// These values and others, which replace those of the same name.
    func merging(_ others: TemplateValues) -> TemplateValues {
        var values = self
        values.merge(others)
        return values
    }

    func child(named name: String) -> Any? { entries.last { $0.name == name }?.value }
}

/// A text in a template. The library finds out how to render it, and that it contains no values, without looking at its type.
private struct TemplateText: MustacheCustomRenderable, MustacheParent {
    let renderText: String
    var isNull: Bool { false }

    static func wrapped(_ value: Any) -> Any {
        (value as? String).map(TemplateText.init) ?? value
    }

    func child(named: String) -> Any? { nil }
}
