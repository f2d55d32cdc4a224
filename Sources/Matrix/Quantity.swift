/// Quantities with a unit in a matrix.
enum Quantity {
    static let durationUnits: [(name: String, factor: Int)] = [
        ("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400),
    ]
    static let sizeUnits: [(name: String, factor: Int)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// Parses a whole number, optionally with one of `units`; nil for anything else, for zero, and beyond 2⁵³.
    static func parse(_ text: String, units: [(name: String, factor: Int)]) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let unit = text[digits.endIndex...].drop { $0 == " " }
        guard let number = Int(digits), number > 0 else { return nil }
        guard let factor = unit.isEmpty ? 1 : units.first(where: { $0.name == unit })?.factor else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow || product > 1 << 53 ? nil : product
    }
}
