/// A number of bytes in the usual notation: `500M`, `64G`. The letters are powers of 1024.
package struct ByteSize: Sendable, Hashable, CustomStringConvertible {
    /// The number of bytes.
    package let bytes: Int

    /// The default limit of a worker's cache.
    package static let defaultCacheLimit = ByteSize(bytes: 64 << 30)

    private static let units: [(letter: Character, shift: Int)] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)]

    package init(bytes: Int) {
        self.bytes = bytes
    }

    /// Parses a size; nil for anything else.
    package init?(_ argument: String) {
        let unit = Self.units.first { argument.uppercased().last == $0.letter }
        guard let number = Int(unit == nil ? argument : String(argument.dropLast())), number >= 0,
            case (let bytes, let overflow) = number.multipliedReportingOverflow(by: 1 << (unit?.shift ?? 0)), !overflow
        else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        let unit = Self.units.last { bytes >= 1 << $0.shift }
        guard let unit else { return "\(bytes)" }
        let tenths = bytes / ((1 << unit.shift) / 10)
        return tenths % 10 == 0 ? "\(tenths / 10)\(unit.letter)" : "\(tenths / 10).\(tenths % 10)\(unit.letter)"
    }
}
