internal import Core

extension OutputOptions {
    /// The number of warnings shown without `--verbose`.
    private static let usualWarnings = 5

    /// Prints all warnings, or the first ones and the number of the others.
    func show(_ warnings: [Diagnostic]) {
        if quiet { return }
        let shown = warnings.prefix(verbose ? warnings.count : Self.usualWarnings)
        for warning in shown { StandardError.print(warning.description) }
        if warnings.count > shown.count {
            StandardError.print("… and \(count(warnings.count - shown.count, "more warning")) (--verbose shows them)")
        }
    }
}
