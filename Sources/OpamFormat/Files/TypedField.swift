/// A field that a kind of file has: its name, and how its value is read.
public struct TypedField<Content: Sendable>: Sendable {
    let name: StaticString
    /// What the field says when it isn't there, or can't be understood.
    let absent: Content
    let decode: @Sendable (Value) throws(FieldError) -> Content

    init(
        _ name: StaticString, absent: Content,
        decode: @escaping @Sendable (Value) throws(FieldError) -> Content
    ) {
        self.name = name
        self.absent = absent
        self.decode = decode
    }
}

extension Items {
    /// What a field says. Of several with the name, the first counts.
    ///
    /// - Parameter problems: Gains an error when the value has the wrong form; the field is then as good as absent.
    func read<Content>(_ field: TypedField<Content>, problems: inout [FormatError]) -> Content {
        guard let value = self.field(field.name)?.value else { return field.absent }
        do throws(FieldError) {
            return try field.decode(value)
        } catch {
            problems.append(tree.error(error.message, at: error.node, field: field.name.description))
            return field.absent
        }
    }

    func read<Content>(_ field: TypedField<Content>) -> Content {
        var problems: [FormatError] = []
        return read(field, problems: &problems)
    }
}

/// The fields and sections that a kind of file may have, to find what is wrong in one.
struct Schema: Sendable {
    typealias Check = @Sendable (Items, inout [FormatError]) -> Void

    var checks: [String: Check] = [:]
    var sections: [String: Schema] = [:]
    /// Whether fields whose name starts with `x-` are free.
    var allowsExtensions = false

    mutating func add<Content>(_ field: TypedField<Content>) {
        checks[field.name.description] = { items, problems in _ = items.read(field, problems: &problems) }
    }

    /// Everything that is wrong in the items, in no particular order: unknown, repeated and misformed.
    func problems(in items: Items) -> [FormatError] {
        var problems: [FormatError] = []
        var seen: Set<String> = []
        for item in items {
            switch item {
            case .field(let field): check(field, in: items, &seen, &problems)
            case .section(let section):
                guard let schema = sections[section.kind] else {
                    problems.append(error("there is no section '\(section.kind)'", section.node, items, section.kind))
                    continue
                }
                problems += schema.problems(in: section.items)
            }
        }
        return problems
    }

    private func check(
        _ field: Field, in items: Items, _ seen: inout Set<String>, _ problems: inout [FormatError]
    ) {
        let name = field.name
        if allowsExtensions, name.hasPrefix("x-") { return }
        guard let check = checks[name] else {
            problems.append(error("there is no field '\(name)'", field.node, items, name))
            return
        }
        guard seen.insert(name).inserted else {
            problems.append(error("the field '\(name)' is here a second time", field.node, items, name))
            return
        }
        check(items, &problems)
    }

    private func error(_ message: String, _ node: Node, _ items: Items, _ field: String) -> FormatError {
        items.tree.error(message, at: node, field: field)
    }
}
