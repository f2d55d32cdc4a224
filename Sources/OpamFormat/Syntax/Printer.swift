/// Prints values and files so that parsing the text gives them back.
public enum Printer {
    /// A quoted string.
    public static func quoted(_ text: String) -> String { String(decoding: quoted(Array(text.utf8)), as: UTF8.self) }

    /// A quoted string of bytes in any encoding.
    public static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        var quoted: [UInt8] = [.quote]
        for byte in bytes {
            switch byte {
            case .quote, .backslash: quoted += [.backslash, byte]
            case .carriageReturn: quoted += [.backslash, UInt8(ascii: "r")]
            default: quoted.append(byte)
            }
        }
        return quoted + [.quote]
    }

    /// The text of a file, item by item. Invalid UTF-8 is replaced.
    public static func text(of tree: SyntaxTree) -> String {
        text(of: tree.items, indentation: "")
    }

    private static func text(of items: some Sequence<Item>, indentation: String) -> String {
        items.map { item in
            switch item {
            case .field(let field): "\(indentation)\(field.name): \(text(of: field.value))\n"
            case .section(let section): text(of: section, indentation: indentation)
            }
        }.joined()
    }

    private static func text(of section: Section, indentation: String) -> String {
        let title = section.title.map { " \(quoted($0))" } ?? ""
        let items = text(of: section.items, indentation: indentation + "  ")
        return "\(indentation)\(section.kind)\(title) {\n\(items)\(indentation)}\n"
    }

    /// The text of a value, on one line unless its strings contain several.
    public static func text(of value: Value) -> String {
        switch value.form {
        case .bool(let value): value ? "true" : "false"
        case .integer(let number): String(number)
        case .identifier(let name): name
        case .string(let text): quoted(text)
        case .list(let values): "[\(text(of: values, separator: " "))]"
        case .group(let values): "(\(text(of: values, separator: " ")))"
        case .option(let value, let arguments): "\(text(of: value)) {\(text(of: arguments, separator: " "))}"
        case .and(let values): text(of: values, separator: " & ")
        case .or(let values): text(of: values, separator: " | ")
        case .not(let value): "!\(text(of: value))"
        case .defined(let value): "?\(text(of: value))"
        case .relation(let left, let relation, let right):
            "\(text(of: left)) \(relation.text) \(text(of: right))"
        case .prefixRelation(let relation, let value): "\(relation.text) \(text(of: value))"
        case .update(let left, let update, let right): "\(text(of: left)) \(update.text) \(text(of: right))"
        }
    }

    private static func text(of values: Values, separator: String) -> String {
        values.map { text(of: $0) }.joined(separator: separator)
    }
}
