package import Model

/// How a cell stands against an earlier state of it.
package enum Verdict: String, Codable, Sendable, CaseIterable {
    /// There was no result before.
    case new
    /// It is good again.
    case fixed
    /// It was good, and is not.
    case broken
    /// Neither good then nor now.
    case stillBad = "still bad"
    /// Good then and now.
    case stillGood = "still good"
    /// It is no longer in the table.
    case gone
    /// Then or now nothing was learnt about the package.
    case unknown

    /// The verdict on a cell whose outcomes were `before` and `after`; nil where there is none.
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
}
