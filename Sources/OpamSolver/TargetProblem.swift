internal import OpamFormat

/// Compiles the problem of one target, from scratch or from that of another target.
///
/// Targets of one universe differ only in a few filters and in the available packages. So the problem of another target
/// is copied, and only the rows affected by such a difference are compiled again. Slots and sets that are no longer
/// used remain. Compiling from scratch is treated as copying from a target in which no version is available.
struct TargetProblem {
    private let universe: Universe
    private let availability: [Bool]
    private let wasAvailable: [Bool]
    /// Nil without another target.
    private let isChanged: ChangedTerms?
    private var problem: CompiledProblem
    private var compiler: ProblemCompiler
    /// By formula, a version whose row of dependencies is up to date.
    private var firstWithFormula: [Candidate]

    /// - Complexity: O(size of the universe), with a small factor where there is another target.
    static func problem(
        _ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ availability: [Bool],
        like other: TargetUniverse?
    ) -> CompiledProblem {
        var target = TargetProblem(universe, filters, decisions, availability, other)
        target.make()
        return target.problem
    }

    private init(
        _ universe: Universe, _ filters: [Filter], _ decisions: FilterDecisions, _ availability: [Bool],
        _ other: TargetUniverse?
    ) {
        self.universe = universe
        self.availability = availability
        wasAvailable = other?.availability ?? Array(repeating: false, count: universe.packageCount)
        isChanged = other.map { ChangedTerms(universe, filters, decisions, $0.decisions) }
        problem = other?.problem ?? TargetProblem.empty(universe)
        compiler = ProblemCompiler(universe, filters, decisions)
        firstWithFormula = Array(repeating: .none, count: universe.formulas.count)
    }

    /// All slots and candidates; every order is empty.
    private static func empty(_ universe: Universe) -> CompiledProblem {
        var problem = CompiledProblem()
        problem.groupCount = universe.classes.count
        for name in Slot.first(universe.nameCount) {
            let slot = problem.addSlot()
            for _ in universe.versions(of: name) { _ = problem.addCandidate(to: slot) }
        }
        return problem
    }

    private mutating func make() {
        for package in 0..<universe.packageCount where availability[package] && wasAvailable[package] {
            let formula = Int(universe.packages.depends[package])
            if isChanged?.formulas[formula] == false { firstWithFormula[formula] = Candidate(package) }
        }
        for name in Slot.first(universe.nameCount) {
            let versions = universe.versions(of: name)
            if versions.contains(where: { availability[$0.index] != wasAvailable[$0.index] }) {
                problem.order.replace(
                    name,
                    with: TargetUniverse.candidates(of: name, .newest, isRequested: false, universe, availability))
            }
        }
        for package in 0..<universe.packageCount { setRows(of: Candidate(package)) }
    }

    private mutating func setRows(of package: Candidate) {
        let (isAvailable, wasAvailable) = (availability[package.index], wasAvailable[package.index])
        guard isAvailable else {
            if wasAvailable { clearRows(of: package) }
            return
        }
        let row = universe.packages[package.index]
        if !wasAvailable || isChanged?.formulas[Int(row.depends)] == true { setDependencies(of: package, row.depends) }
        if row.conflicts != 0, !wasAvailable || isChanged?.lists[Int(row.conflicts)] == true {
            // To opam, a package does not conflict with itself.
            let own = problem.slot(of: package)
            let conflicts = compiler.conflicts(of: row.conflicts, &problem).filter { $0.slot != own }
            problem.conflicts.replace(package, with: conflicts)
        }
        if row.classes != 0, !wasAvailable {
            problem.atMostOneGroups.replace(package, with: universe.classLists[row.classes])
        }
    }

    private mutating func setDependencies(of package: Candidate, _ formula: Int32) {
        let first = firstWithFormula[Int(formula)]
        if !first.isNone {
            problem.dependencies.restore(package, to: problem.dependencies.range(first))
        } else {
            problem.dependencies.replace(package, with: compiler.dependencies(of: formula, &problem))
            firstWithFormula[Int(formula)] = package
        }
    }

    private mutating func clearRows(of package: Candidate) {
        problem.dependencies.restore(package, to: 0..<0)
        problem.conflicts.restore(package, to: 0..<0)
        problem.atMostOneGroups.restore(package, to: 0..<0)
    }
}

/// The formulas and lists of atoms that evaluate differently in two targets.
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

    /// By term, whether one of its parts `isChanged`; a part is given by its sign and its last operand.
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
