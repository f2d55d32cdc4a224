internal import OpamFormat

/// Makes the rules of one target, out of nothing or out of those of another.
///
/// Targets of one universe differ in a few filters and in what is available. Whatever rests on neither is the same in
/// both, so the rules of the other are copied, and only the rows are made anew that a filter or an availability changes.
/// Slots and sets that are no longer used stay. Nothing is a target in which no version is available.
struct TargetRules {
    private let universe: Universe
    private let availability: [Bool]
    private let wasAvailable: [Bool]
    /// Nil without another target.
    private let isChanged: ChangedTerms?
    private var rules: Rules
    private var compiler: RuleCompiler
    /// By formula, a version whose row of needs is up to date.
    private var firstWithFormula: [Candidate]

    /// - Complexity: O(size of the universe), with a small factor where there is another target.
    static func rules(
        _ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ availability: [Bool],
        like other: TargetUniverse?
    ) -> Rules {
        var target = TargetRules(universe, filters, decisions, availability, other)
        target.make()
        return target.rules
    }

    private init(
        _ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ availability: [Bool],
        _ other: TargetUniverse?
    ) {
        self.universe = universe
        self.availability = availability
        wasAvailable = other?.availability ?? Array(repeating: false, count: universe.packageCount)
        isChanged = other.map { ChangedTerms(universe, filters, decisions, $0.decisions) }
        rules = other?.rules ?? TargetRules.empty(universe)
        compiler = RuleCompiler(universe, filters, decisions)
        firstWithFormula = Array(repeating: -1, count: universe.formulas.count)
    }

    /// All slots and candidates, none of them in an order.
    private static func empty(_ universe: Universe) -> Rules {
        var rules = Rules()
        rules.classCount = universe.classes.count
        for name in 0..<Universe.NameID(universe.nameCount) {
            let slot = rules.addSlot()
            for _ in universe.versions(of: name) { _ = rules.addCandidate(to: slot) }
        }
        return rules
    }

    private mutating func make() {
        for package in 0..<universe.packageCount where availability[package] && wasAvailable[package] {
            let formula = Int(universe.packages.depends[package])
            if isChanged?.formulas[formula] == false { firstWithFormula[formula] = Candidate(package) }
        }
        for name in 0..<Universe.NameID(universe.nameCount) {
            let versions = universe.versions(of: name)
            if versions.contains(where: { availability[Int($0)] != wasAvailable[Int($0)] }) {
                rules.order.replace(
                    name,
                    with: TargetUniverse.candidates(of: name, .newest, isRequested: false, universe, availability))
            }
        }
        for package in 0..<universe.packageCount { setRows(of: Candidate(package)) }
    }

    private mutating func setRows(of package: Candidate) {
        let (isAvailable, wasAvailable) = (availability[Int(package)], wasAvailable[Int(package)])
        guard isAvailable else {
            if wasAvailable { clearRows(of: package) }
            return
        }
        let row = universe.packages[Int(package)]
        if !wasAvailable || isChanged?.formulas[Int(row.depends)] == true { setNeeds(of: package, row.depends) }
        if row.conflicts != 0, !wasAvailable || isChanged?.lists[Int(row.conflicts)] == true {
            rules.conflicts.replace(package, with: compiler.conflicts(of: row.conflicts, &rules))
        }
        if row.classes != 0, !wasAvailable { rules.classes.replace(package, with: universe.classLists[row.classes]) }
    }

    private mutating func setNeeds(of package: Candidate, _ formula: Int32) {
        let first = firstWithFormula[Int(formula)]
        if first >= 0 {
            rules.needs.point(package, at: rules.needs.range(first))
        } else {
            rules.needs.replace(package, with: compiler.needs(of: formula, &rules))
            firstWithFormula[Int(formula)] = package
        }
    }

    private mutating func clearRows(of package: Candidate) {
        rules.needs.point(package, at: 0..<0)
        rules.conflicts.point(package, at: 0..<0)
        rules.classes.point(package, at: 0..<0)
    }
}

/// The formulas and lists of atoms that come to something else in one target than in another.
private struct ChangedTerms {
    let formulas: [Bool]
    let lists: [Bool]

    init(_ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ others: FilterDecisions) {
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
