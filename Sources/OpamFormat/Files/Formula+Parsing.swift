extension Filter {
    /// Reads a filter on its own: `os = "linux" & !with-test`.
    ///
    /// - Throws: What is wrong with the text, and where.
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
    /// Reads a formula over packages on its own: `"a" {>= "1"} & ("b" | "c")`.
    ///
    /// - Throws: What is wrong with the text, and where.
    public init(parsing text: String) throws(FormatError) {
        let value = try SyntaxTree.parseValue(Array(text.utf8), file: "formula")
        do throws(FieldError) {
            self = try value.dependencies(joinedBy: Formula.conjunction)
        } catch {
            throw value.tree.error(error.message, at: error.node, field: nil)
        }
    }
}
