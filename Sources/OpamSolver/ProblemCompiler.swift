internal import OpamFormat

/// Compiles the formulas of a universe into dependencies and conflicts under the filter values of one target and scope.
///
/// An atom whose braces are false *vanishes* from its `&` or `|`. A `|` of more than one part becomes a choice: a slot
/// of its own whose candidates are the alternatives, with nested `|` flattened.
struct ProblemCompiler {
    let universe: Universe
    let filters: [Filter]
    let decisions: FilterDecisions
    /// The set of each atom that was compiled: ``vanished`` for one that vanishes, ``unknown`` for one not compiled
    /// yet.
    private var setOfAtom: [CandidateSets.ID]
    private var compiledAtoms: [Int32] = []
    private static let vanished = CandidateSets.ID(-1)
    private static let unknown = CandidateSets.ID(-2)

    init(_ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions) {
        self.universe = universe
        self.filters = filters
        self.decisions = decisions
        setOfAtom = Array(repeating: ProblemCompiler.unknown, count: universe.atoms.name.count)
    }

    /// The dependencies of a formula. Its choices are added to `problem`.
    mutating func dependencies(of formula: Int32, _ problem: inout CompiledProblem) -> [SlotConstraint] {
        var cursor = universe.formulas.range(formula).lowerBound
        guard cursor < universe.formulas.range(formula).upperBound,
            let part = part(at: &cursor, &problem)
        else { return [] }
        return constraints(of: part, &problem)
    }

    /// The conflicts of a list of atoms.
    mutating func conflicts(of list: Int32, _ problem: inout CompiledProblem) -> [SlotConstraint] {
        universe.atomLists[list].compactMap { constraint(of: $0, &problem) }
    }

    /// Drops the sets of atoms; to be called when the problem is rolled back.
    mutating func forgetSets() {
        for atom in compiledAtoms { setOfAtom[Int(atom)] = ProblemCompiler.unknown }
        compiledAtoms.removeAll(keepingCapacity: true)
    }

    // MARK: Formulas

    /// A part of a formula that has not vanished.
    private enum Part {
        case conjunction([SlotConstraint])
        case alternatives([[SlotConstraint]])
    }

    private mutating func part(at cursor: inout Int, _ problem: inout CompiledProblem) -> Part? {
        let (sign, operand) = (universe.formulas.codes[cursor], universe.formulas.codes[cursor + 1])
        cursor += 2
        if sign == Term.atom { return constraint(of: operand, &problem).map { .conjunction([$0]) } }
        var parts: [Part] = []
        for _ in 0..<operand {
            if let part = part(at: &cursor, &problem) { parts.append(part) }
        }
        if parts.count <= 1 { return parts.first }
        return sign == Term.all
            ? .conjunction(parts.flatMap { constraints(of: $0, &problem) }) : .alternatives(flattened(parts))
    }

    private func flattened(_ parts: [Part]) -> [[SlotConstraint]] {
        parts.flatMap { part in
            switch part {
            case .conjunction(let constraints): [constraints]
            case .alternatives(let alternatives): alternatives
            }
        }
    }

    private func constraints(of part: Part, _ problem: inout CompiledProblem) -> [SlotConstraint] {
        switch part {
        case .conjunction(let constraints): return constraints
        case .alternatives(let alternatives):
            let slot = problem.addSlot()
            let candidates = alternatives.map { constraints in
                let candidate = problem.addCandidate(to: slot)
                problem.dependencies.replace(candidate, with: constraints)
                return candidate
            }
            problem.order.replace(slot, with: candidates)
            return [(slot, CandidateSets.everything)]
        }
    }

    // MARK: Atoms

    private mutating func constraint(of atom: Int32, _ problem: inout CompiledProblem) -> SlotConstraint? {
        let known = setOfAtom[Int(atom)]
        let set = known == ProblemCompiler.unknown ? newSet(of: atom, &problem) : known
        return set.isNone ? nil : (Slot(rawValue: universe.atoms.name[Int(atom)]), set)
    }

    private mutating func newSet(of atom: Int32, _ problem: inout CompiledProblem) -> CandidateSets.ID {
        let set: CandidateSets.ID =
            switch versions(of: atom) {
            case .none: ProblemCompiler.vanished
            case .everything: CandidateSets.everything
            case .some(let versions): problem.sets.add(versions.ranges)
            }
        setOfAtom[Int(atom)] = set
        compiledAtoms.append(atom)
        return set
    }

    /// The versions that satisfy a condition.
    enum Versions {
        /// It is false: the atom vanishes.
        case none
        /// Every version.
        case everything
        case some(VersionSet)

        /// The versions among `all`.
        func set(among all: Range<Universe.PackageID>) -> VersionSet {
            switch self {
            case .none: VersionSet([])
            case .everything: VersionSet([all])
            case .some(let versions): versions
            }
        }
    }

    /// The versions that an atom allows.
    func versions(of atom: Int32) -> Versions {
        let range = universe.atoms.conditions.range(universe.atoms.condition[Int(atom)])
        var cursor = range.lowerBound
        if range.isEmpty { return .everything }
        return condition(at: &cursor, of: Slot(rawValue: universe.atoms.name[Int(atom)]))
    }

    private func condition(at cursor: inout Int, of name: Universe.NameID) -> Versions {
        let codes = universe.atoms.conditions.codes
        let (sign, operand) = (codes[cursor], codes[cursor + 1])
        cursor += 2
        switch sign {
        case Term.filter: return decisions.keeps[Int(operand)] ? .everything : .none
        case Term.all, Term.any:
            var result: Versions = sign == Term.all ? .everything : .none
            for _ in 0..<operand {
                let part = condition(at: &cursor, of: name)
                result = sign == Term.all ? ProblemCompiler.both(result, part) : ProblemCompiler.either(result, part)
            }
            return result
        default:
            cursor += 1
            let relation = RelationalOperator(rawValue: UInt8(operand)) ?? .equal
            return sign == Term.bound
                ? .some(bound(relation, codes[cursor - 1], of: name))
                : expression(relation, codes[cursor - 1], of: name)
        }
    }

    private func bound(_ relation: RelationalOperator, _ bound: Int32, of name: Universe.NameID) -> VersionSet {
        let lower = Candidate(rawValue: universe.bounds.lower[Int(bound)])
        let equal = lower..<Candidate(rawValue: universe.bounds.upper[Int(bound)])
        return VersionSet(relation, equal, of: universe.versions(of: name))
    }

    private func expression(_ relation: RelationalOperator, _ number: Int32, of name: Universe.NameID) -> Versions {
        let formula = decisions.constraint(relation, filters[Int(number)], number: number, in: universe)
        return formula.isEmpty ? .everything : .some(universe.versionSet(of: name, formula))
    }

    private static func both(_ left: Versions, _ right: Versions) -> Versions {
        switch (left, right) {
        case (.none, _), (_, .none): .none
        case (.everything, let other), (let other, .everything): other
        case (.some(let left), .some(let right)): .some(left.intersection(right))
        }
    }

    private static func either(_ left: Versions, _ right: Versions) -> Versions {
        switch (left, right) {
        case (.everything, _), (_, .everything): .everything
        case (.none, let other), (let other, .none): other
        case (.some(let left), .some(let right)): .some(left.union(right))
        }
    }
}
