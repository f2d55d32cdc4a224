internal import Core
internal import Matrix
internal import YAML

/// Finds rules of a matrix that match no cell or package, usually because of a misspelt name.
struct UnmatchedRules {
    private let matrix: MatrixFile
    private let columns: [NamedColumn]
    private let names: Set<String>

    /// The packages of a column, in the form that rules match.
    private struct NamedColumn {
        let target: String
        let compiler: String
        var names: Set<String>
        /// `NAME.VERSION`
        var packages: Set<String>
    }

    init(_ matrix: MatrixFile, _ updates: [ColumnDelta]) {
        self.matrix = matrix
        let hasRules =
            !(matrix.exclude.isEmpty && matrix.acceptFailures.isEmpty && matrix.schedule.isEmpty)
            || [matrix.withTest, matrix.withDoc, matrix.lowerBounds].contains { $0.isByName }
        columns =
            !hasRules
            ? []
            : updates.map { update in
                let packages = Set(update.packages)
                return NamedColumn(
                    target: update.toSolve.column.target.name.value,
                    compiler: update.toSolve.column.compiler.name.value,
                    names: Set(packages.map(packageName)), packages: packages)
            }
        names = columns.reduce(into: []) { $0.formUnion($1.names) }
    }

    /// - Complexity: O(rules), and for each rule with a glob O(cells).
    var warnings: [Diagnostic] {
        let rules =
            matrix.exclude.flatMap(\.cells) + matrix.acceptFailures.flatMap(\.cells)
            + matrix.schedule.flatMap(\.cells)
        let unmatched = rules.filter { !matches($0.value) }.map { cells in
            warning("'\(cells.value)' selects no cell", nearest(of: cells.value.package), at: cells.location)
        }
        return unmatched
            + scopes.flatMap { key, globs in
                globs.filter { !matchesName($0.value) }.map { glob in
                    warning(
                        "'\(key)' names '\(glob.value)', which no cell has", nearest(of: glob.value), at: glob.location)
                }
            }
    }

    /// The scopes of the rules. Limits also apply to jobs of packages without a cell.
    private var scopes: [(key: String, globs: [Located<Glob>])] {
        let options = [
            ("with-test", matrix.withTest), ("with-doc", matrix.withDoc), ("lower-bounds", matrix.lowerBounds),
        ]
        return options.compactMap { key, scope in
            if case .matching(let globs) = scope { (key, globs) } else { nil }
        }
    }

    private func warning(_ message: String, _ guess: String?, at location: SourceLocation) -> Diagnostic {
        matrix.sources.diagnostic(.warning, message, at: location, hint: guess.map { "did you mean '\($0)'?" })
    }

    private func nearest(of glob: Glob) -> String? {
        glob.isLiteral ? Core.nearest(to: glob.pattern, in: names.sorted()) : nil
    }

    private func matchesName(_ glob: Glob) -> Bool {
        glob.isLiteral ? names.contains(glob.pattern) : names.contains(where: glob.matches)
    }

    private func matches(_ pattern: CellPattern) -> Bool {
        columns.contains { column in
            guard pattern.target.matches(column.target), pattern.compiler.matches(column.compiler) else { return false }
            if pattern.package.isLiteral {
                return column.names.contains(pattern.package.pattern)
                    || column.packages.contains(pattern.package.pattern)
            }
            return column.names.contains(where: pattern.package.matches)
                || column.packages.contains(where: pattern.package.matches)
        }
    }
}
