/// The backbone of a prefix: the versions that every solution of it contains, as far as they are known.
struct Backbone: Sendable {
    /// By slot: whether the selected version follows from the roots by propagation alone.
    private var levelZero: [Bool]
    /// By slot: whether a search has found no solution without the selected version.
    private var proven: [Bool]
    /// The names that these searches examined, increasing.
    private(set) var examined: [Universe.NameID] = []

    /// The level-zero part, of a search that has solved the prefix.
    init(after search: Search) {
        levelZero = search.selected.map { !$0.isNone && search.assignment.levels[$0.index] == 0 }
        proven = Array(repeating: false, count: search.problem.slotCount)
    }

    func isLevelZero(_ slot: Slot) -> Bool { levelZero[slot.index] }

    func isProven(_ slot: Slot) -> Bool { proven[slot.index] }

    func contains(_ slot: Slot) -> Bool { levelZero[slot.index] || proven[slot.index] }

    /// Adds a slot: a search found no solution without its selected version.
    mutating func addProof(for slot: Slot, examined names: [Universe.NameID]) {
        proven[slot.index] = true
        examined = .merged(examined, names, by: <)
    }
}
