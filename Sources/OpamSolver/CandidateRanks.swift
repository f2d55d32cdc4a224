/// The place of each version among the versions of its name, best first, whether a target has it or not: the same in
/// every target. Choices have no ranks: they belong to the version whose needs they are part of.
struct CandidateRanks: Sendable, Equatable {
    private var ranks: [Int32] = []
    /// By name: whether a range of versions is a range of ranks, because no version is to be avoided.
    private var isMonotonous: [Bool] = []

    var nameCount: Int { isMonotonous.count }

    /// The reach of an answer that depends on every version of a name.
    static let everything = Int32.max

    /// No ranks: nothing is noted.
    init() {}

    init(_ universe: Universe, _ preference: VersionPreference) {
        ranks = Array(repeating: 0, count: universe.packageCount)
        isMonotonous = Array(repeating: true, count: universe.nameCount)
        for name in 0..<Universe.NameID(universe.nameCount) {
            let candidates = TargetUniverse.inOrder(universe.versions(of: name), preference, universe)
            for (rank, candidate) in candidates.enumerated() { ranks[Int(candidate)] = Int32(rank) }
            isMonotonous[Int(name)] = !universe.versions(of: name).contains { universe.isAvoided($0) }
        }
    }

    /// Nil for an alternative of a choice, and where there are no ranks.
    @inline(__always)
    func rank(of candidate: Candidate) -> Int32? {
        Int(candidate) < ranks.count ? ranks[Int(candidate)] : nil
    }

    /// How many of the best versions of a name hold all those that are in `set`.
    func reach(of set: Int32, in name: Slot, _ sets: CandidateSets) -> Int32 {
        guard Int(name) < isMonotonous.count else { return 0 }
        guard set != CandidateSets.everything, isMonotonous[Int(name)] else { return CandidateRanks.everything }
        guard let bounds = sets.bounds(of: set) else { return 0 }
        return max(ranks[Int(bounds.lowest)], ranks[Int(bounds.highest)]) + 1
    }
}
