public import OpamFormat

/// Builds a universe from opam files, or from an older universe and the files that have changed.
///
/// ```swift
/// var builder = UniverseBuilder()
/// builder.add(package, PackageRelations(file, problems: &problems))
/// let universe = builder.finish()
/// ```
///
/// To update a universe, start with `UniverseBuilder(updating: old)`, then for every name either ``keep(_:)`` its
/// versions or ``begin(_:fingerprint:)`` and `add` them again. Names that are not mentioned are removed.
///
/// - SeeAlso: `docs/decisions/0025-universe-update.md`
public struct UniverseBuilder {
    private var strings: Interned<String>
    private var names: Interned<Int32>
    private var classes: Interned<Int32>
    private var filters: Interned<FilterKey>
    private var bounds: Interned<BoundKey>
    private var conditions: Interned<[Int32]>
    private var atoms: Interned<AtomKey>
    private var formulas: Interned<[Int32]>
    private var atomLists: Interned<[Int32]>
    private var classLists: Interned<[Int32]>
    private var rows: [[PackageRow]]
    private var fingerprints: [Int32: Int32] = [:]
    private var problems: [(name: Int32, text: Int32)] = []
    private let old: Universe
    /// The texts of problems in the older universe, by name.
    private let oldProblems: [Int32: [Int32]]

    /// Creates a builder without packages.
    public init() {
        self.init(updating: Universe())
    }

    /// Creates a builder that can keep the packages of an older universe.
    public init(updating old: Universe) {
        self.old = old
        oldProblems = Dictionary(grouping: zip(old.problemNames, old.problemTexts), by: \.0).mapValues { $0.map(\.1) }
        strings = Interned((0..<Int32(old.strings.count)).map { old.strings[$0] })
        names = Interned(old.names)
        classes = Interned(old.classes)
        filters = Interned(zip(old.filters.text, old.filters.ownVersion).map { FilterKey(text: $0, ownVersion: $1) })
        bounds = Interned(zip(old.bounds.name, old.bounds.version).map { BoundKey(name: $0, version: $1) })
        conditions = Interned(old.atoms.conditions.terms)
        atoms = Interned(zip(old.atoms.name, old.atoms.condition).map { AtomKey(name: $0, condition: $1) })
        formulas = Interned(old.formulas.terms)
        atomLists = Interned(old.atomLists.terms)
        classLists = Interned(old.classLists.terms)
        rows = Array(repeating: [], count: old.nameCount)
        if filters.values.isEmpty { addFirsts() }
    }

    /// Adds the elements with number 0 that the tables require.
    private mutating func addFirsts() {
        _ = filters.number(of: FilterKey(text: strings.number(of: "true"), ownVersion: -1))
        _ = conditions.number(of: [])
        _ = formulas.number(of: [])
        _ = atomLists.number(of: [])
        _ = classLists.number(of: [])
    }

    // MARK: Old packages

    /// The fingerprint of the files of `name` in the older universe; nil if it has no such name.
    public func fingerprint(of name: String) -> String? {
        old.nameID(name).flatMap { old.fingerprint(of: $0) }
    }

    /// The number of names whose fingerprints are equal in the older universe.
    public func unchanged(_ fingerprints: some Sequence<(name: String, fingerprint: String)>) -> Int {
        fingerprints.reduce(0) { $0 + (fingerprint(of: $1.name) == $1.fingerprint ? 1 : 0) }
    }

    /// Copies the versions of `name`, and the messages about it, from the older universe.
    public mutating func keep(_ name: String) {
        guard let id = old.nameID(name) else { return }
        rows[id.index] = old.versions(of: id).map { old.packages[$0.index] }
        fingerprints[id.rawValue] = old.fingerprints[id.index]
        problems += (oldProblems[id.rawValue] ?? []).map { (id.rawValue, $0) }
    }

    // MARK: New packages

    /// Begins the versions of `name`, with a fingerprint that changes whenever their files do.
    public mutating func begin(_ name: String, fingerprint: String) {
        let id = number(ofName: name)
        rows[Int(id)] = []
        fingerprints[id] = strings.number(of: fingerprint)
    }

    /// Adds a message about a file of `name`.
    public mutating func addProblem(_ name: String, _ message: String) {
        problems.append((number(ofName: name), strings.number(of: message)))
    }

    /// Adds a version of a package.
    public mutating func add(_ package: Package, _ relations: PackageRelations) {
        let version = strings.number(of: package.version.text)
        let name = number(ofName: package.name.text)
        rows[Int(name)].append(
            PackageRow(
                name: name, version: version, available: filter(relations.available, ownVersion: version),
                isAvoided: relations.isAvoided ? 1 : 0,
                depends: formulas.number(of: terms(of: relations.depends, ownVersion: version)),
                conflicts: atomLists.number(of: list(of: relations.conflicts, ownVersion: version)),
                classes: classLists.number(of: relations.conflictClasses.map { number(ofClass: $0.text) })))
    }

    private mutating func number(ofName text: String) -> Int32 {
        let name = names.number(of: strings.number(of: text))
        if Int(name) == rows.count { rows.append([]) }
        return name
    }

    private mutating func number(ofClass text: String) -> Int32 {
        classes.number(of: strings.number(of: text))
    }

    private mutating func filter(_ filter: Filter, ownVersion: Int32) -> Int32 {
        if filter == .bool(true) { return FilterTable.always }
        let isOwn = filter.variables.contains { Universe.isOwnVersion($0) }
        return filters.number(
            of: FilterKey(text: strings.number(of: filter.description), ownVersion: isOwn ? ownVersion : -1))
    }

    // MARK: Terms

    private mutating func terms(of formula: DependencyFormula, ownVersion: Int32) -> [Int32] {
        var term: [Int32] = []
        append(formula, ownVersion, to: &term)
        return formula.isEmpty ? [] : term
    }

    private mutating func append(_ formula: DependencyFormula, _ ownVersion: Int32, to term: inout [Int32]) {
        switch formula {
        case .atom(let dependency): term += [Term.atom, atom(dependency, ownVersion)]
        case .all(let parts):
            term += [Term.all, Int32(parts.count)]
            for part in parts { append(part, ownVersion, to: &term) }
        case .any(let parts):
            term += [Term.any, Int32(parts.count)]
            for part in parts { append(part, ownVersion, to: &term) }
        }
    }

    private mutating func list(of formula: DependencyFormula, ownVersion: Int32) -> [Int32] {
        formula.atoms.map { atom($0, ownVersion) }
    }

    private mutating func atom(_ dependency: Dependency, _ ownVersion: Int32) -> Int32 {
        let name = number(ofName: dependency.name.text)
        var condition: [Int32] = []
        if !dependency.condition.isEmpty { append(dependency.condition, name, ownVersion, to: &condition) }
        return atoms.number(of: AtomKey(name: name, condition: conditions.number(of: condition)))
    }

    private mutating func append(
        _ condition: Formula<Dependency.Condition>, _ name: Int32, _ ownVersion: Int32,
        to term: inout [Int32]
    ) {
        switch condition {
        case .atom(.filter(let filter)): term += [Term.filter, self.filter(filter, ownVersion: ownVersion)]
        case .atom(.version(let relation, let version)):
            if let version = literal(version, ownVersion) {
                let bound = bounds.number(of: BoundKey(name: name, version: version))
                term += [Term.bound, Int32(relation.rawValue), bound]
            } else {
                term += [Term.expression, Int32(relation.rawValue), filter(version, ownVersion: ownVersion)]
            }
        case .all(let parts):
            term += [Term.all, Int32(parts.count)]
            for part in parts { append(part, name, ownVersion, to: &term) }
        case .any(let parts):
            term += [Term.any, Int32(parts.count)]
            for part in parts { append(part, name, ownVersion, to: &term) }
        }
    }

    /// The version in a constraint, if it is the same for every target.
    private mutating func literal(_ version: Filter, _ ownVersion: Int32) -> Int32? {
        switch version {
        case .string(let text) where !text.utf8.contains(UInt8(ascii: "%")):
            Version.isValid(text) ? strings.number(of: text) : nil
        case .variable(VariableReference("version")): ownVersion
        default: nil
        }
    }

    // MARK: The result

    /// The universe of the packages that were kept and added.
    public consuming func finish() -> Universe {
        var universe = Universe()
        for text in strings.values { _ = universe.strings.append(text) }
        universe.names = names.values
        universe.namesInOrder = (0..<Int32(names.values.count)).sorted {
            universe.strings.isOrdered(names.values[Int($0)], before: names.values[Int($1)])
        }
        universe.rankOfSelection = universe.selectionRanks()
        universe.fingerprints = names.values.indices.map { fingerprints[Int32($0)] ?? -1 }
        universe.classes = classes.values
        universe.filters.text = filters.values.map(\.text)
        universe.filters.ownVersion = filters.values.map(\.ownVersion)
        universe.formulas = TermTable(formulas.values)
        universe.atomLists = TermTable(atomLists.values)
        universe.classLists = TermTable(classLists.values)
        universe.atoms.name = atoms.values.map(\.name)
        universe.atoms.condition = atoms.values.map(\.condition)
        universe.atoms.conditions = TermTable(conditions.values)
        universe.problemNames = problems.map(\.name)
        universe.problemTexts = problems.map(\.text)
        universe.setPackages(rows)
        universe.setBounds(bounds.values)
        return universe
    }
}
