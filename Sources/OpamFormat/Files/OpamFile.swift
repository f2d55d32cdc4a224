/// An `opam` file, the description of a package.
///
/// Parsing checks the syntax of the whole file. Fields are decoded on demand; a field with an invalid value is treated
/// as absent and reported by ``problems()``.
public struct OpamFile: Sendable {
    /// The newest supported version of the format.
    public static let formatVersion = Version(unchecked: "2.0")

    /// The parsed file. Fields are decoded on demand.
    public let tree: SyntaxTree

    /// Parses the file.
    ///
    /// - Parameter file: The file name for messages.
    /// - Throws: A syntax error, or an error for a version of the format newer than ``formatVersion``.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        tree = try SyntaxTree(parsing: bytes, file: file)
        guard let field = tree.items.field("opam-version"), field.value.node.kind == .string else { return }
        let text = field.value.text
        if Version.compare(text, Self.formatVersion.text) > 0, !text.hasPrefix("2.0.") {
            throw tree.error(
                "the file has format version \(text); the newest supported version is \(Self.formatVersion)",
                at: field.value.node, field: nil)
        }
    }

    /// Parses `text`, like the initialiser for bytes.
    public init(parsing text: String, file: String) throws(FormatError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// The contents of a field; those of an absent field if it is absent or invalid.
    public func read<Content>(_ field: TypedField<Content>) -> Content {
        tree.items.read(field)
    }

    /// Like ``read(_:)``, and reports why a field is invalid.
    public func read<Content>(_ field: TypedField<Content>, problems: inout [FormatError]) -> Content {
        tree.items.read(field, problems: &problems)
    }

    /// All errors in the fields.
    ///
    /// - Parameter known: fields that have already been read and are not checked again.
    public func problems(except known: [String] = []) -> [FormatError] {
        Self.schema.problems(in: tree.items, except: known)
    }

    /// The fields `name` and `version` that differ from the file's location, which takes precedence.
    ///
    /// - Parameter version: The version in the location; nil to accept any.
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

    /// The values of the fields with the prefix `x-` in order.
    public var extensions: [(name: String, value: Value)] {
        tree.items.compactMap { item in
            guard case .field(let field) = item, field.name.hasPrefix("x-") else { return nil }
            return (field.name, field.value)
        }
    }

    /// The strings of an extension field whose value is a string or a list of strings.
    ///
    /// - Parameter name: The name of the field, including `x-`.
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
