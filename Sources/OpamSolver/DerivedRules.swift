internal import OpamFormat

/// The rules of one target made from those of another.
///
/// Targets of one universe differ in a few filters and in what is available. Whatever rests on neither is the same in
/// both, so the rules of the other are copied, and only the rows are made anew that a filter or an availability changes.
/// Slots and sets that are no longer used stay.
struct DerivedRules {
    private let universe: Universe
    private let availability: [Bool]
    private let base: TargetUniverse
    private var rules: Rules
    private var compiler: RuleCompiler
    private let isChanged: ChangedTerms
    /// By formula, a version whose row of needs is up to date.
    private var firstWithFormula: [Candidate]

    /// - Complexity: O(size of the universe) with a small factor.
    static func rules(
        _ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ availability: [Bool],
        from base: TargetUniverse
    ) -> Rules {
        var derived = DerivedRules(universe, filters, decisions, availability, base)
        derived.derive()
        return derived.rules
    }

    private init(
        _ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ availability: [Bool],
        _ base: TargetUniverse
    ) {
        self.universe = universe
        self.availability = availability
        self.base = base
        rules = base.rules
        compiler = RuleCompiler(universe, filters, decisions)
        isChanged = ChangedTerms(universe, decisions, base.decisions, filters)
        firstWithFormula = Array(repeating: -1, count: universe.formulas.count)
    }

    private mutating func derive() {
        for package in 0..<universe.packageCount where availability[package] && base.availability[package] {
            let formula = Int(universe.packages.depends[package])
            if !isChanged.formulas[formula] { firstWithFormula[formula] = Candidate(package) }
        }
        for name in 0..<Universe.NameID(universe.nameCount) {
            let versions = universe.versions(of: name)
            if versions.contains(where: { availability[Int($0)] != base.availability[Int($0)] }) {
                rules.order.replace(
                    name,
                    with: TargetUniverse.candidates(
                        of: name, .newest, isRequested: false, universe, availability))
            }
        }
        for package in 0..<universe.packageCount { derive(Candidate(package)) }
    }

    private mutating func derive(_ package: Candidate) {
        let (isAvailable, wasAvailable) = (availability[Int(package)], base.availability[Int(package)])
        guard isAvailable else {
            if wasAvailable { clear(package) }
            return
        }
        let formula = universe.packages.depends[Int(package)]
        if !wasAvailable || isChanged.formulas[Int(formula)] {
            let first = firstWithFormula[Int(formula)]
            if first >= 0 {
                rules.needs.point(package, at: rules.needs.range(first))
            } else {
                rules.needs.replace(package, with: compiler.needs(of: formula, &rules))
                firstWithFormula[Int(formula)] = package
            }
        }
        let conflicts = universe.packages.conflicts[Int(package)]
        if !wasAvailable || isChanged.lists[Int(conflicts)], conflicts != 0 {
            rules.conflicts.replace(package, with: compiler.conflicts(of: conflicts, &rules))
        }
        let classes = universe.packages.classes[Int(package)]
        if !wasAvailable, classes != 0 { rules.classes.replace(package, with: universe.classLists[classes]) }
    }

    private mutating func clear(_ package: Candidate) {
        rules.needs.point(package, at: 0..<0)
        rules.conflicts.point(package, at: 0..<0)
        rules.classes.point(package, at: 0..<0)
    }
}

/// The formulas and lists of atoms that come to something else in one target than in another.
private struct ChangedTerms {
    let formulas: [Bool]
    let lists: [Bool]

    init(_ universe: Universe, _ decisions: FilterDecisions, _ others: FilterDecisions, _ filters: [Filter]) {
        let filters = filters.indices.map { decisions.differs(from: others, filters[$0], Int32($0), in: universe) }
        let conditions = ChangedTerms.terms(universe.atoms.conditions) { sign, operand in
            (sign == Term.filter || sign == Term.expression) && filters[Int(operand)]
        }
        let atoms = universe.atoms.condition.map { conditions[Int($0)] }
        formulas = ChangedTerms.terms(universe.formulas) { sign, operand in
            sign == Term.atom && atoms[Int(operand)]
        }
        lists = (0..<Int32(universe.atomLists.count)).map { list in
            universe.atomLists[list].contains { atoms[Int($0)] }
        }
    }

    /// By term, whether it has a part, given by its sign and what that is followed by last, that `isChanged`.
    private static func terms(_ table: TermTable, where isChanged: (Int32, Int32) -> Bool) -> [Bool] {
        (0..<Int32(table.count)).map { term in
            let range = table.range(term)
            var cursor = range.lowerBound
            while cursor < range.upperBound {
                let sign = table.codes[cursor]
                cursor += sign == Term.bound || sign == Term.expression ? 3 : 2
                if isChanged(sign, table.codes[cursor - 1]) { return true }
            }
            return false
        }
    }
}
