/// A field of one kind of file: its name and its decoder.
///
/// - SeeAlso: `docs/decisions/0013-malformed-fields.md`
public struct TypedField<Content: Sendable>: Sendable {
    let name: StaticString
    /// The contents if the field is absent or invalid.
    let absent: Content
    /// Recognises common valid values by their form, without decoding them. Other values may still be valid.
    let isPlain: (@Sendable (Value) -> Bool)?
    let decode: @Sendable (Value) throws(FieldError) -> Content

    init(
        _ name: StaticString, absent: Content, isPlain: (@Sendable (Value) -> Bool)? = nil,
        decode: @escaping @Sendable (Value) throws(FieldError) -> Content
    ) {
        self.name = name
        self.absent = absent
        self.isPlain = isPlain
        self.decode = decode
    }
}

extension Items {
    /// The contents of a field. If it occurs more than once, the first occurrence is used.
    ///
    /// - Parameter problems: An error is appended if the value is invalid; the field is then treated as absent.
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

/// The fields and sections of one kind of file, used to find errors.
struct Schema: Sendable {
    /// Checks the value of a field, by decoding it if necessary.
    struct Check: Sendable {
        /// The number of the field, from 0 and below 64.
        var number: UInt64
        var isPlain: @Sendable (Value) -> Bool
        var read: @Sendable (Value) throws(FieldError) -> Void
    }

    private var checks: [String: Check] = [:]
    var sections: [String: Schema] = [:]
    /// Whether fields with the prefix `x-` are allowed.
    var allowsExtensions: Bool

    init(allowsExtensions: Bool = false) {
        self.allowsExtensions = allowsExtensions
    }

    mutating func add<Content>(_ field: TypedField<Content>) {
        checks[field.name.description] = Check(
            number: UInt64(checks.count), isPlain: field.isPlain ?? { _ in false },
            read: { value throws(FieldError) in _ = try field.decode(value) })
    }

    /// All errors in the items in no particular order: unknown, repeated and invalid ones.
    ///
    /// - Parameter known: fields that have already been checked.
    func problems(in items: Items, except known: [String] = []) -> [FormatError] {
        var problems: [FormatError] = []
        var seen: UInt64 = 0
        let known = known.reduce(into: 0 as UInt64) { $0 |= checks[$1].map { 1 << $0.number } ?? 0 }
        for item in items {
            switch item {
            case .field(let field): check(field, in: items, known, &seen, &problems)
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
        _ field: Field, in items: Items, _ known: UInt64, _ seen: inout UInt64, _ problems: inout [FormatError]
    ) {
        let name = field.name
        if allowsExtensions, name.hasPrefix("x-") { return }
        guard let check = checks[name] else {
            problems.append(error("there is no field '\(name)'", field.node, items, name))
            return
        }
        let bit: UInt64 = 1 << check.number
        guard seen & bit == 0 else {
            problems.append(error("the field occurs twice", field.node, items, name))
            return
        }
        seen |= bit
        if known & bit != 0 || check.isPlain(field.value) { return }
        do throws(FieldError) {
            try check.read(field.value)
        } catch {
            problems.append(items.tree.error(error.message, at: error.node, field: name))
        }
    }

    private func error(_ message: String, _ node: Node, _ items: Items, _ field: String) -> FormatError {
        items.tree.error(message, at: node, field: field)
    }
}
