package import Model

/// How a cell differs from its earlier state, or from the same package in another column.
package enum ChangeKind: String, Codable, Sendable, CaseIterable {
    /// It was good and is not any more.
    case broken
    /// Good in column A and not in column B.
    case onlyOnB = "only on B"
    /// Good in column B and not in column A.
    case onlyOnA = "only on A"
    /// It is good again.
    case fixed
    /// There was no result before.
    case new
    /// It is no longer in the table.
    case gone
    /// Column A has no result of the package.
    case notOnA = "not on A"
    /// Column B has no result of the package.
    case notOnB = "not on B"
    /// Good neither before nor now.
    case stillBad = "still bad"
    /// Good in neither column.
    case onBoth = "on both"
    /// The package's state before or now is unknown.
    case unknown
    /// Good before and now, or in both columns.
    case stillGood = "still good"

    /// The change of a cell from the outcome `before` to `after`; nil for a cell that does not exist.
    package init(before: Outcome?, after: Outcome?) {
        switch (before, after) {
        case (_, nil): self = .gone
        case (nil, _): self = .new
        case (.infrastructure?, _), (.cancelled?, _), (_, .infrastructure?), (_, .cancelled?): self = .unknown
        case (.success?, .success?): self = .stillGood
        case (.success?, _): self = .broken
        case (_, .success?): self = .fixed
        default: self = .stillBad
        }
    }

    /// The difference of a package between column A and column B; nil for a cell that does not exist.
    package init(onA a: Outcome?, onB b: Outcome?) {
        self =
            switch ChangeKind(before: a, after: b) {
            case .gone: .notOnB
            case .new: .notOnA
            case .broken: .onlyOnB
            case .fixed: .onlyOnA
            case .stillBad: .onBoth
            case let kind: kind
            }
    }

    /// Whether a cell is good in A and not in B.
    package var isWorse: Bool { self == .broken || self == .onlyOnB }
}
