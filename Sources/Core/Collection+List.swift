extension Collection where Element: StringProtocol {
    /// The first of these words, and the number of the others: `a, b and 3 more`.
    package func list(first limit: Int) -> String {
        let first = prefix(limit).joined(separator: ", ")
        return count > limit ? "\(first) and \(count - limit) more" : first
    }
}
