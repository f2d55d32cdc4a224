/// A disjunction of literals of which at least one must hold.
///
/// - SeeAlso: `docs/decisions/0021-lazy-clauses.md`
enum Clause: Hashable {
    /// A binary clause: not both candidates.
    case exclusion(Candidate, Candidate)
    /// Not the candidate, or one of those that its dependency at this position allows.
    case dependency(Candidate, index: Int32)
    case learned(LearnedClauses.ID)

    /// The other candidate of an exclusion; nil for any other clause.
    @inline(__always)
    func excluder(of candidate: Candidate) -> Candidate? {
        guard case .exclusion(let one, let other) = self else { return nil }
        return one == candidate ? other : one
    }
}
