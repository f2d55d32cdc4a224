internal import Git
package import Model

/// The differences between two states of the results or between two columns.
package struct Difference: Sendable {
    /// A cell whose state differs between the sides.
    package struct Change: Codable, Sendable {
        /// The cell under its name on the later side.
        package var cell: Cell
        /// How the later state compares with the earlier one.
        package var kind: ChangeKind
        /// The outcome before, if any.
        package var before: String?
        /// The outcome after, if any.
        package var after: String?
        /// True if an infrastructure failure of another package blocks the cell after. Absent otherwise.
        package var undecided: Bool?
        /// The reason of the later result.
        package var reason: String?
        /// The package with its version before, if that differs.
        package var packageBefore: PackageVersion?
        /// The cell that failed: the cell itself or the one that blocks it. Absent if the cell is good.
        package var cause: Cell?
        /// The normalised error line of that failure, if any.
        package var signature: String?
        /// The id of the cause, equal to that in summaries. Absent if the cell is good or its state is unknown.
        package var causeID: String?

        private enum CodingKeys: String, CodingKey {
            case cell, before, after, undecided, reason, packageBefore, cause, signature, causeID
            case kind = "verdict"
        }
    }

    /// The changed cells, sorted by name.
    package var changes: [Change]
    /// The number of compared cells, including unchanged ones.
    package var compared: Int

    /// Compares the states before with those after.
    ///
    /// If one version of a package was replaced by another, these are compared, so that an upgrade that breaks is
    /// reported as broken and not as new.
    ///
    /// - Parameters:
    ///   - areColumns: Whether the sides are two columns and not two times. Their cells must have the same names.
    ///   - hasReasons: Whether to obtain the reason of each change from `details`.
    ///   - details: Completes a partially read cell.
    /// - Complexity: O(cells) expected.
    package init(
        before: [ComparedCell], after: [ComparedCell], areColumns: Bool = false, hasReasons: Bool = false,
        details: (ComparedCell) throws -> ComparedCell = { $0 }
    ) throws {
        try self.init(
            before: before, after: after, unchanged: 0, areColumns: areColumns, hasReasons: hasReasons,
            roots: (FailureRoots(of: before), FailureRoots(of: after)), details: details)
    }

    /// - Parameters:
    ///   - unchanged: The number of further cells, which are equal on both sides.
    ///   - roots: The root causes of the failures on each side.
    init(
        before: [ComparedCell], after: [ComparedCell], unchanged: Int, areColumns: Bool = false, hasReasons: Bool,
        roots: (before: FailureRoots, after: FailureRoots), details: (ComparedCell) throws -> ComparedCell
    ) throws {
        let pairs = Self.pairs(before, after)
        compared = pairs.count + unchanged
        changes = []
        for (before, after) in pairs {
            if let before, let after, before.isEquivalent(to: after) { continue }
            let changed = (
                try before.map { try $0.needsDetails ? details($0) : $0 },
                try after.map { try hasReasons || $0.needsDetails ? details($0) : $0 }
            )
            if let change = try Change(changed.0, changed.1, areColumns: areColumns, roots) { changes.append(change) }
        }
        changes.sort { $0.cell < $1.cell }
    }

    private static func pairs(_ before: [ComparedCell], _ after: [ComparedCell]) -> [(ComparedCell?, ComparedCell?)] {
        var old = Dictionary(before.map { ($0.cell, $0) }, uniquingKeysWith: { _, last in last })
        var pairs: [(ComparedCell?, ComparedCell?)] = []
        pairs.reserveCapacity(after.count)
        var came: [Cell.Position: [ComparedCell]] = [:]
        for cell in after {
            if let earlier = old.removeValue(forKey: cell.cell) {
                pairs.append((earlier, cell))
            } else {
                came[cell.cell.position, default: []].append(cell)
            }
        }
        for (position, went) in Dictionary(grouping: old.values, by: \.cell.position) {
            if went.count == 1, let successors = came[position], successors.count == 1 {
                pairs.append((went[0], successors[0]))
                came[position] = nil
            } else {
                pairs += went.map { ($0, nil) }
            }
        }
        return pairs + came.values.joined().map { (nil, $0) }
    }

    /// The number of cells with each kind of change, in the order of `ChangeKind`, without zeros.
    package var totals: [(kind: ChangeKind, cells: Int)] {
        let counts = changes.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
        return ChangeKind.allCases.compactMap { kind in counts[kind].map { (kind, $0) } }
    }

    /// Whether a cell is good on the first side and not on the second.
    package var isWorse: Bool { changes.contains { $0.kind.isWorse } }
}

extension Difference.Change {
    /// The change between two states of a cell; nil if they are equal.
    fileprivate init?(
        _ before: ComparedCell?, _ after: ComparedCell?, areColumns: Bool,
        _ roots: (before: FailureRoots, after: FailureRoots)
    ) throws {
        guard let cell = (after ?? before)?.cell else { return nil }
        if let before, let after, before.isEquivalent(to: after) { return nil }
        let (before, after) = (try before.map(roots.before.decided), try after.map(roots.after.decided))
        // A pending cell says as little about the package as a cancelled one.
        let (old, new) = (before.map { $0.verdict ?? .cancelled }, after.map { $0.verdict ?? .cancelled })
        let root = try after.flatMap(roots.after.root) ?? before.flatMap(roots.before.root)
        self.init(
            cell: cell, kind: areColumns ? ChangeKind(onA: old, onB: new) : ChangeKind(before: old, after: new),
            before: before.map { $0.outcome?.rawValue ?? "pending" },
            after: after.map { $0.outcome?.rawValue ?? "pending" },
            undecided: after?.isBlockedByInfrastructure == true ? true : nil,
            reason: after.flatMap { $0.constraint?.sentence ?? $0.reason },
            packageBefore: before?.cell.package == cell.package ? nil : before?.cell.package, cause: root?.cell,
            signature: root?.signature, causeID: root?.cause)
    }
}
