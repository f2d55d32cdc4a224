/// The cells that several selectors pick together.
///
/// Selectors of one key are alternatives: `lwt fmt` picks the cells of both, `outcome:failure outcome:blocked` those in either
/// state. A cell has to satisfy all keys: `lwt outcome:failure` picks the failures of lwt. What a selector with `!` picks out
/// is left out. None at all picks all cells.
///
/// - SeeAlso: `docs/decisions/0214-selections.md`
public struct Selection: Sendable, Hashable {
    /// In the order in which they were given.
    public let selectors: [Selector]
    private let alternatives: [[Selector]]
    private let exceptions: [Selector]

    public init(_ selectors: [Selector] = []) {
        self.selectors = selectors
        exceptions = selectors.filter(\.isNegated)
        alternatives = Dictionary(grouping: selectors.filter { !$0.isNegated }, by: \.key).values
            // Reading logs comes last.
            .sorted { ($0[0].key == .grep ? 1 : 0) < ($1[0].key == .grep ? 1 : 0) }
    }

    /// Every cell.
    public static let all = Selection()

    /// Whether no selector is there.
    public var isAll: Bool { selectors.isEmpty }

    /// Whether the selectors together pick the cell.
    public func picks(_ subject: some Selectable) -> Bool {
        alternatives.allSatisfy { $0.contains { $0.picks(subject) } } && exceptions.allSatisfy { $0.picks(subject) }
    }
}
