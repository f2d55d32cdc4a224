internal import OpamFormat

/// Turns formulas of a universe into needs and conflicts, as the filters of one target and scope decide them.
///
/// An atom whose braces are false *vanishes* from its `&` or `|`. A `|` of more than one part becomes a choice: a slot
/// of its own whose candidates are the alternatives, with nested `|` flattened.
struct RuleCompiler {
    typealias Link = (slot: Slot, set: Int32)

    let universe: Universe
    let filters: [Filter]
    let decisions: FilterDecisions
    /// The set of each atom that was met: ``vanished`` for one that vanishes, ``unknown`` for one not met yet.
    private var setOfAtom: [Int32]
    private var metAtoms: [Int32] = []
    private static let vanished: Int32 = -1
    private static let unknown: Int32 = -2

    init(_ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions) {
        self.universe = universe
        self.filters = filters
        self.decisions = decisions
        setOfAtom = Array(repeating: RuleCompiler.unknown, count: universe.atoms.name.count)
    }

    /// The needs that a formula stands for. Its choices are added to `rules`.
    mutating func needs(of formula: Int32, _ rules: inout Rules) -> [Link] {
        var cursor = universe.formulas.range(formula).lowerBound
        guard cursor < universe.formulas.range(formula).upperBound,
            let part = part(at: &cursor, &rules)
        else { return [] }
        return links(of: part, &rules)
    }

    /// What a list of conflicts forbids.
    mutating func conflicts(of list: Int32, _ rules: inout Rules) -> [Link] {
        universe.atomLists[list].compactMap { link(of: $0, &rules) }
    }

    /// Forgets the sets of atoms: needed when `rules` forgets them.
    mutating func forgetSets() {
        for atom in metAtoms { setOfAtom[Int(atom)] = RuleCompiler.unknown }
        metAtoms.removeAll(keepingCapacity: true)
    }

    // MARK: Formulas

    /// A part of a formula that has not vanished.
    private enum Part {
        case needs([Link])
        case alternatives([[Link]])
    }

    private mutating func part(at cursor: inout Int, _ rules: inout Rules) -> Part? {
        let (sign, operand) = (universe.formulas.codes[cursor], universe.formulas.codes[cursor + 1])
        cursor += 2
        if sign == Term.atom { return link(of: operand, &rules).map { .needs([$0]) } }
        var parts: [Part] = []
        for _ in 0..<operand {
            if let part = part(at: &cursor, &rules) { parts.append(part) }
        }
        if parts.count <= 1 { return parts.first }
        return sign == Term.all ? .needs(parts.flatMap { links(of: $0, &rules) }) : .alternatives(flattened(parts))
    }

    private func flattened(_ parts: [Part]) -> [[Link]] {
        parts.flatMap { part in
            switch part {
            case .needs(let links): [links]
            case .alternatives(let alternatives): alternatives
            }
        }
    }

    private func links(of part: Part, _ rules: inout Rules) -> [Link] {
        switch part {
        case .needs(let links): return links
        case .alternatives(let alternatives):
            let slot = rules.addSlot()
            let candidates = alternatives.map { needs in
                let candidate = rules.addCandidate(to: slot)
                rules.needs.replace(candidate, with: needs)
                return candidate
            }
            rules.order.replace(slot, with: candidates)
            return [(slot, CandidateSets.everything)]
        }
    }

    // MARK: Atoms

    private mutating func link(of atom: Int32, _ rules: inout Rules) -> Link? {
        let known = setOfAtom[Int(atom)]
        let set = known == RuleCompiler.unknown ? newSet(of: atom, &rules) : known
        return set < 0 ? nil : (universe.atoms.name[Int(atom)], set)
    }

    private mutating func newSet(of atom: Int32, _ rules: inout Rules) -> Int32 {
        let set: Int32 =
            switch versions(of: atom) {
            case .none: RuleCompiler.vanished
            case .everything: CandidateSets.everything
            case .some(let versions): rules.sets.add(versions.ranges)
            }
        setOfAtom[Int(atom)] = set
        metAtoms.append(atom)
        return set
    }

    /// What a condition comes to.
    enum Versions {
        /// It is false: the atom vanishes.
        case none
        /// It asks for no version.
        case everything
        case some(VersionSet)

        /// The versions out of `all`.
        func set(among all: Range<Universe.PackageID>) -> VersionSet {
            switch self {
            case .none: VersionSet([])
            case .everything: VersionSet([all])
            case .some(let versions): versions
            }
        }
    }

    /// The versions that an atom asks for.
    func versions(of atom: Int32) -> Versions {
        let range = universe.atoms.conditions.range(universe.atoms.condition[Int(atom)])
        var cursor = range.lowerBound
        if range.isEmpty { return .everything }
        return condition(at: &cursor, of: universe.atoms.name[Int(atom)])
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
                result = sign == Term.all ? RuleCompiler.both(result, part) : RuleCompiler.either(result, part)
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
        let equal = universe.bounds.lower[Int(bound)]..<universe.bounds.upper[Int(bound)]
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
