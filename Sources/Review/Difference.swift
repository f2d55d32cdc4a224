package import Model

/// What changed between two states of the results.
package struct Difference: Sendable {
    /// A cell that stands otherwise than before.
    package struct Change: Codable, Sendable {
        /// The cell, as it is called on the later side.
        package var cell: Cell
        /// How the later state compares with the earlier one.
        package var verdict: Verdict
        /// The outcome before; nil where there was none.
        package var before: String?
        /// The outcome after; nil where there is none.
        package var after: String?
        /// The reason of the later result.
        package var reason: String?
    }

    /// In order of the cells' names, those without a change left out.
    package var changes: [Change]

    /// Compares the verdicts before with those after.
    ///
    /// A package of which one version went and one came is compared across them, so that an upgrade that breaks is
    /// seen as broken and not as new.
    package init(before: [CellResult], after: [CellResult]) {
        var old = Dictionary(before.map { ($0.cell, $0) }, uniquingKeysWith: { _, last in last })
        var pairs: [(before: CellResult?, after: CellResult?)] = []
        var came: [Cell.Position: [CellResult]] = [:]
        for result in after {
            if let earlier = old.removeValue(forKey: result.cell) {
                pairs.append((earlier, result))
            } else {
                came[result.cell.position, default: []].append(result)
            }
        }
        for (place, went) in Dictionary(grouping: old.values, by: \.cell.position) {
            if went.count == 1, let successors = came[place], successors.count == 1 {
                pairs.append((went[0], successors[0]))
                came[place] = nil
            } else {
                pairs += went.map { ($0, nil) }
            }
        }
        pairs += came.values.joined().map { (nil, $0) }
        changes = pairs.compactMap { Change(before: $0.before, after: $0.after) }.sorted { $0.cell < $1.cell }
    }
}

extension Difference.Change {
    /// The change between two verdicts on a cell; nil where they say the same.
    fileprivate init?(before: CellResult?, after: CellResult?) {
        guard let cell = (after ?? before)?.cell else { return nil }
        guard before?.outcome != after?.outcome || before?.signature != after?.signature else { return nil }
        self.init(
            cell: cell, verdict: Verdict(before: before?.outcome, after: after?.outcome),
            before: before?.outcome.rawValue, after: after?.outcome.rawValue, reason: after?.reason)
    }
}
