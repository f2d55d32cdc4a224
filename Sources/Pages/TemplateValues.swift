internal import Core
internal import Mustache

/// The values of a template by name: text, numbers, flags, nested values and lists of these.
///
/// The library looks each name up in every enclosing section. There are few names, so comparing all of them takes less
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

/// Text in a template. Its conformances spare the library dynamic casts for rendering it and for looking up nested
/// values.
private struct TemplateText: MustacheCustomRenderable, MustacheParent {
    let renderText: String
    var isNull: Bool { false }

    static func wrapped(_ value: Any) -> Any {
        (value as? String).map(TemplateText.init) ?? value
    }

    func child(named: String) -> Any? { nil }
}

/// The rows of a long table whose section contains variables only. The library would look up each variable of each row
/// in all enclosing sections; here the section is read once, and its variables are the columns of the rows.
///
/// - SeeAlso: `docs/decisions/0323-rows-of-tables.md`
struct TableRows: CustomStringConvertible {
    /// A piece of the section: literal text or a column.
    private enum Piece {
        case text(String)
        case column(Int)
    }

    /// The rendered rows. The library renders what a lambda returns by its description.
    let description: String

    /// The value of a section with rows.
    ///
    /// - Parameters:
    ///   - names: The names of the columns.
    ///   - rows: The text of each column.
    static func section(_ names: [String], _ rows: [[String]]) -> Any {
        MustacheLambda { TableRows(names, rows, section: $0) }
    }

    private init(_ names: [String], _ rows: [[String]], section: String) {
        let pieces = Self.pieces(of: section, names)
        var text = ""
        for row in rows {
            for piece in pieces {
                switch piece {
                case .text(let piece): text += piece
                case .column(let column): text += row[column].escapedAsMarkup
                }
            }
        }
        description = text
    }

    /// A variable that is not a column is a bug in a template.
    private static func pieces(of section: String, _ names: [String]) -> [Piece] {
        var pieces: [Piece] = []
        var rest = section.utf8[...]
        while let brace = rest.firstIndex(of: UInt8(ascii: "{")),
            let end = rest[brace...].firstIndex(of: UInt8(ascii: "}"))
        {
            let name = rest[brace..<end].drop { $0 == UInt8(ascii: "{") }
            guard let column = names.firstIndex(where: { $0.utf8.elementsEqual(name) }) else {
                preconditionFailure("the table has no column '\(name)'")
            }
            pieces += [.text(String(Substring(rest[..<brace]))), .column(column)]
            rest = rest[end...].drop { $0 == UInt8(ascii: "}") }
        }
        return pieces + [.text(String(Substring(rest)))]
    }
}
