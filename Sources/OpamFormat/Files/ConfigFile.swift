/// The variables that an installed package defines for others: a `name.config` file.
public struct ConfigFile: Sendable {
    /// The parsed file.
    public let tree: SyntaxTree
    /// In the order of the file.
    public let variables: [(name: String, value: VariableValue)]
    /// Files outside the switch that the package relies on, with their checksums when it was installed.
    public let fileDepends: [CheckedFile]
    /// What is wrong in the fields.
    public let problems: [FormatError]

    /// Parses the file. Without `opam-version`, the variables stand at the top, outside a section `variables`.
    ///
    /// - Throws: An error of the syntax.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        let tree = try SyntaxTree(parsing: bytes, file: file)
        var problems: [FormatError] = []
        fileDepends = tree.items.read(.fileDepends, problems: &problems)
        if let version = tree.items.read(.opamVersion), Version.compare(version, "1.3") >= 0 {
            variables = tree.items.sections("variables").flatMap { Self.variables(in: $0.items, &problems) }
        } else {
            variables = Self.variables(in: tree.items, &problems)
        }
        self.tree = tree
        self.problems = problems
    }

    /// What a variable is; of several with the name, the first counts.
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
