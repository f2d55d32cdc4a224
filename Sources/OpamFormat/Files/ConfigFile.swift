/// A `name.config` file: the variables that an installed package defines for others.
public struct ConfigFile: Sendable {
    /// The parsed file.
    public let tree: SyntaxTree
    /// The variables in the order of the file.
    public let variables: [(name: String, value: VariableValue)]
    /// Files outside the switch that the package depends on, with their checksums at installation.
    public let fileDepends: [CheckedFile]
    /// The errors in the fields.
    public let problems: [FormatError]

    /// Parses the file. Without `opam-version`, the variables are at the top level instead of in a section `variables`.
    /// A section with an invalid value, and sections other than the first `variables`, are ignored as a whole, as by
    /// opam.
    ///
    /// - Throws: The errors for which opam refuses to install the package: a syntax error, an unknown version of the
    ///   format, or a section or an invalid value in a file of the older format.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        let tree = try SyntaxTree(parsing: bytes, file: file)
        var problems: [FormatError] = []
        fileDepends = tree.items.read(.fileDepends, problems: &problems)
        if let version = try Self.version(of: tree), Version.compare(version, "1.3") >= 0 {
            let sections = tree.items.sections("variables")
            let isNamed = sections.contains { $0.title != nil }
            let problemsBefore = problems.count
            let found = isNamed ? nil : sections.first.map { Self.variables(in: $0.items, &problems) }
            variables = problems.count == problemsBefore ? found ?? [] : []
        } else {
            for case .section(let section) in tree.items {
                throw tree.error(
                    "unexpected section '\(section.kind)' in a file without 'opam-version: \"2.0\"'", at: section.node,
                    field: nil)
            }
            var mistakes: [FormatError] = []
            variables = Self.variables(in: tree.items, &mistakes)
            if let mistake = mistakes.first { throw mistake }
        }
        self.tree = tree
        self.problems = problems
    }

    /// The version of the file's format; nil if the file does not state it.
    private static func version(of tree: SyntaxTree) throws(FormatError) -> String? {
        var version: String?
        for case .field(let field) in tree.items where field.name == "opam-version" {
            guard version == nil else { throw tree.error("the field occurs twice", at: field.node, field: field.name) }
            do throws(FieldError) {
                version = try field.value.formatVersion()
            } catch {
                throw tree.error(error.message, at: error.node, field: field.name)
            }
        }
        return version
    }

    /// The value of a variable; if it is defined more than once, the first value.
    public subscript(name: String) -> VariableValue? {
        variables.first { $0.name == name }?.value
    }

    private static func variables(
        in items: Items, _ problems: inout [FormatError]
    ) -> [(name: String, value: VariableValue)] {
        var variables: [(name: String, value: VariableValue)] = []
        for case .field(let field) in items where field.name != "opam-version" && field.name != "file-depends" {
            do throws(FieldError) {
                variables.append((field.name, try field.value.variableValue()))
            } catch {
                problems.append(items.tree.error(error.message, at: error.node, field: field.name))
            }
        }
        return variables
    }
}

extension Value {
    fileprivate func variableValue() throws(FieldError) -> VariableValue {
        switch node.kind {
        case .bool: .bool(node.detail.contains(.isTrue))
        case .string: .string(text)
        case .list: .list(try elements { text throws(FieldError) in try text.string() })
        default: throw unexpected("a string, a boolean or a list of strings")
        }
    }
}

extension TypedField where Content == [CheckedFile] {
    static let fileDepends = TypedField("file-depends", absent: []) { value throws(FieldError) in
        try value.nestedElements { element throws(FieldError) in try element.checkedFile() }
    }
}
