/// A number with its noun: `1 job`, `2 jobs`.
///
/// - Parameter plural: the plural of nouns that do not just add an `s`: `2 entries`.
public func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
    "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
}
