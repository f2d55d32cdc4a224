/// The versions without which a beginning has no solution.
struct FixedVersions: Sendable {
    /// By slot: whether what is taken there follows from the roots at once.
    private var implied: [Bool]
    /// By slot: whether a search has found no solution without what is taken there.
    private var proven: [Bool]
    /// The names that these searches looked at, increasing.
    private(set) var examined: [Universe.NameID] = []

    /// What follows at once in a search that has walked the beginning to its end.
    init(after search: Search) {
        implied = search.chosen.map { $0 >= 0 && search.level[Int($0)] == 0 }
        proven = Array(repeating: false, count: search.rules.slotCount)
    }

    func isImplied(_ slot: Slot) -> Bool { implied[Int(slot)] }

    func isProven(_ slot: Slot) -> Bool { proven[Int(slot)] }

    func isFixed(_ slot: Slot) -> Bool { implied[Int(slot)] || proven[Int(slot)] }

    /// Takes up that a search found no solution without what is taken at a slot.
    mutating func addProof(for slot: Slot, examined names: [Universe.NameID]) {
        proven[Int(slot)] = true
        examined = .merged(examined, names, by: <)
    }
}
