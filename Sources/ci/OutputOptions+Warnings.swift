internal import Core

extension OutputOptions {
    /// Warnings that are shown without being asked for.
    private static let usualWarnings = 5

    /// Shows warnings, or the first of them and how many there are more.
    func show(_ warnings: [Diagnostic]) {
        if quiet { return }
        let shown = warnings.prefix(verbose ? warnings.count : Self.usualWarnings)
        for warning in shown { StandardError.print(warning.description) }
        if warnings.count > shown.count {
            StandardError.print("… and \(count(warnings.count - shown.count, "more warning")) (--verbose shows them)")
        }
    }
}
