internal import Matrix

/// A rule of a matrix about solved cells, as stored in the incremental state.
struct CellRule: Equatable {
    enum Kind: String {
        case acceptance, schedule
    }

    let kind: Kind
    let cells: [CellPattern]
    /// The effect of the rule.
    let effect: String

    init(_ kind: Kind, _ cells: [CellPattern], _ effect: String) {
        self.kind = kind
        self.cells = cells
        self.effect = effect
    }

    /// Parses a text as returned by `stored`.
    init?(stored: String) {
        let parts = stored.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let kind = Kind(rawValue: parts[0]) else { return nil }
        let patterns = parts[1].split(separator: "\t").map { CellPattern(String($0)) }
        guard !patterns.contains(where: { $0 == nil }) else { return nil }
        self.init(kind, patterns.compactMap(\.self), parts[2])
    }

    /// A text with all properties of the rule.
    var stored: String {
        "\(kind.rawValue)\n\(cells.map(\.description).joined(separator: "\t"))\n\(effect)"
    }

    /// The cells for which two lists of rules may have different effects: those of all rules except the common
    /// beginning and the common end of both lists. The first matching rule determines an accepted failure, the last one
    /// a schedule.
    static func patterns(changedFrom old: [CellRule], to new: [CellRule]) -> [CellPattern] {
        [Kind.acceptance, .schedule].flatMap { kind in
            var (before, after) = (old.filter { $0.kind == kind }[...], new.filter { $0.kind == kind }[...])
            while let first = before.first, first == after.first {
                (before, after) = (before.dropFirst(), after.dropFirst())
            }
            while let last = before.last, last == after.last { (before, after) = (before.dropLast(), after.dropLast()) }
            return (before + after).flatMap(\.cells)
        }
    }
}
