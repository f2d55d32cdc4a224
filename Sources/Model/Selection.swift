/// The cells that several selectors pick in combination.
///
/// Selectors of one key are alternatives: `lwt fmt` picks the cells of both packages, `outcome:failure outcome:blocked`
/// those in either state. A cell must satisfy all keys: `lwt outcome:failure` picks the failures of lwt. Cells picked
/// by a selector after `!` are excluded. An empty selection picks all cells.
///
/// - SeeAlso: `docs/decisions/0214-selections.md`
public struct Selection: Sendable, Hashable {
    /// The selectors in the order in which they were given.
    public let selectors: [Selector]
    private let alternatives: [[Selector]]
    private let exceptions: [Selector]

    public init(_ selectors: [Selector] = []) {
        self.selectors = selectors
        exceptions = selectors.filter(\.isNegated)
        alternatives = Dictionary(grouping: selectors.filter { !$0.isNegated }, by: \.key).values
            // Searching logs is expensive, so it comes last.
            .sorted { ($0[0].key == .grep ? 1 : 0) < ($1[0].key == .grep ? 1 : 0) }
    }

    /// Picks every cell.
    public static let all = Selection()

    /// Whether the selection picks the cell.
    public func picks(_ subject: some Selectable) -> Bool {
        alternatives.allSatisfy { $0.contains { $0.picks(subject) } } && exceptions.allSatisfy { $0.picks(subject) }
    }
}
