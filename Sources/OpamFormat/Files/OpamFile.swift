/// The description of a package: an `opam` file.
///
/// Parsing checks the syntax of the whole file. The fields are read when they are asked for; a field whose value has
/// the wrong form is as good as absent, and ``problems()`` reports it.
public struct OpamFile: Sendable {
    /// The newest version of the format that is understood.
    public static let formatVersion = Version(unchecked: "2.0")

    /// The parsed file. Fields are decoded when they are read.
    public let tree: SyntaxTree

    /// Parses the file.
    ///
    /// - Parameter file: The name for messages.
    /// - Throws: An error of the syntax, or a version of the format newer than ``formatVersion``.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        tree = try SyntaxTree(parsing: bytes, file: file)
        guard let field = tree.items.field("opam-version"), field.value.node.kind == .string else { return }
        let text = field.value.text
        if Version.compare(text, Self.formatVersion.text) > 0, !text.hasPrefix("2.0.") {
            throw tree.error(
                "the file is in version \(text) of the format; understood is up to \(Self.formatVersion)",
                at: field.value.node, field: nil)
        }
    }

    /// Parses `text`; as the form that takes bytes.
    public init(parsing text: String, file: String) throws(FormatError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// What a field says; what it says when absent, if it is absent or can't be understood.
    public func read<Content>(_ field: TypedField<Content>) -> Content {
        tree.items.read(field)
    }

    /// As ``read(_:)``, and reports why a field can't be understood.
    public func read<Content>(_ field: TypedField<Content>, problems: inout [FormatError]) -> Content {
        tree.items.read(field, problems: &problems)
    }

    /// Everything that is wrong in the fields.
    ///
    /// - Parameter known: fields that were read already, and whose values are not looked at again.
    public func problems(except known: [String] = []) -> [FormatError] {
        Self.schema.problems(in: tree.items, except: known)
    }

    /// The fields `name` and `version` where they say something else than where the file is, which then counts.
    ///
    /// - Parameter version: Nil if any will do.
    public func mismatches(name: PackageName, version: Version?) -> [FormatError] {
        var errors: [FormatError] = []
        if let found = self.name, found != name, let field = tree.items.field("name") {
            errors.append(
                tree.error(
                    "expected \"\(name)\", found \"\(found)\"; the field is ignored", at: field.node, field: "name"))
        }
        if let found = self.version, let version, found != version, let field = tree.items.field("version") {
            errors.append(
                tree.error(
                    "expected \"\(version)\", found \"\(found)\"; the field is ignored", at: field.node,
                    field: "version"))
        }
        return errors
    }

    /// The values of the fields whose names start with `x-`, in their order.
    public var extensions: [(name: String, value: Value)] {
        tree.items.compactMap { item in
            guard case .field(let field) = item, field.name.hasPrefix("x-") else { return nil }
            return (field.name, field.value)
        }
    }

    /// The strings of an extension field whose value is a list of strings, or one string.
    ///
    /// - Parameter name: The name of the field, with `x-`.
    public func strings(ofExtension name: String) -> [String] {
        extensions.filter { $0.name == name }.flatMap { field -> [String] in
            switch field.value.form {
            case .string(let text): [text]
            case .list(let values): values.compactMap { if case .string(let text) = $0.form { text } else { nil } }
            default: []
            }
        }
    }
}
