/// A field that a kind of file has: its name, and how its value is read.
///
/// - SeeAlso: `docs/decisions/0013-malformed-fields.md`
public struct TypedField<Content: Sendable>: Sendable {
    let name: StaticString
    /// What the field says when it isn't there, or can't be understood.
    let absent: Content
    /// Whether a value can be read, judged by its form; it may be so where this is false.
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
    /// Reads the value of a field, if need be, to find out whether that is possible.
    struct Check: Sendable {
        /// Counted from 0, below 64.
        var number: UInt64
        var isPlain: @Sendable (Value) -> Bool
        var read: @Sendable (Value) throws(FieldError) -> Void
    }

    private var checks: [String: Check] = [:]
    var sections: [String: Schema] = [:]
    /// Whether fields whose name starts with `x-` are free.
    var allowsExtensions: Bool

    init(allowsExtensions: Bool = false) {
        self.allowsExtensions = allowsExtensions
    }

    mutating func add<Content>(_ field: TypedField<Content>) {
        checks[field.name.description] = Check(
            number: UInt64(checks.count), isPlain: field.isPlain ?? { _ in false },
            read: { value throws(FieldError) in _ = try field.decode(value) })
    }

    /// Everything that is wrong in the items, in no particular order: unknown, repeated and misformed.
    ///
    /// - Parameter known: fields that were checked already.
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
