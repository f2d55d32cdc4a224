extension Filter {
    /// Parses a filter: `os = "linux" & !with-test`.
    ///
    /// - Throws: the syntax error and its position.
    public init(parsing text: String) throws(FormatError) {
        let value = try SyntaxTree.parseValue(Array(text.utf8), file: "filter")
        do throws(FieldError) {
            self = try value.filter()
        } catch {
            throw value.tree.error(error.message, at: error.node, field: nil)
        }
    }
}

extension Formula<Dependency> {
    /// Parses a formula over packages: `"a" {>= "1"} & ("b" | "c")`.
    ///
    /// - Throws: the syntax error and its position.
    public init(parsing text: String) throws(FormatError) {
        let value = try SyntaxTree.parseValue(Array(text.utf8), file: "formula")
        do throws(FieldError) {
            self = try value.dependencies(joinedBy: Formula.conjunction)
        } catch {
            throw value.tree.error(error.message, at: error.node, field: nil)
        }
    }
}
