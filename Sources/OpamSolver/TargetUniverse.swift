public import OpamFormat

/// A universe as one target sees it: which versions are available there, in which order they are tried, and what
/// each needs and forbids once the target's variables are known.
///
/// Making one costs milliseconds, and any number of threads can use it at once, each with a ``Solver`` of its own.
public struct TargetUniverse: Sendable {
    /// The packages of all targets.
    public let universe: Universe
    /// The variables of the target.
    public let variables: [Variable: VariableValue]
    let filters: [Filter]
    let decisions: FilterDecisions
    let availability: [Bool]
    let problem: CompiledProblem
    let prefixes = SharedPrefixCache()

    /// - Parameter other: Another target of the same universe, from which is copied what both have alike. It makes no
    ///   difference but to the time that this takes.
    /// - Complexity: O(size of the universe).
    public init(_ universe: Universe, variables: [Variable: VariableValue], like other: TargetUniverse? = nil) {
        self.universe = universe
        self.variables = variables
        let filters = universe.parsedFilters()
        let availableFilters = filters.indices.map { index in
            filters[index].holds(
                in: universe.environment(variables, ownVersion: universe.filters.ownVersion[index]))
        }
        self.filters = filters
        availability = universe.packages.available.map { availableFilters[Int($0)] }
        decisions = FilterDecisions(universe, filters, variables, DependencyScope())
        problem = TargetProblem.problem(
            universe, filters, decisions, availability, like: other?.universe == universe ? other : nil)
    }

    /// Whether the target has a version: whether its `available` is true.
    public func isAvailable(_ package: Universe.PackageID) -> Bool { availability[package.index] }

    /// The newest version of a name that is available, whatever its flags; nil when there is none.
    public func newestAvailable(_ name: Universe.NameID) -> Universe.PackageID? {
        universe.versions(of: name).last { availability[$0.index] }
    }

    /// The newest available version of every name that has one, in byte order of the names.
    public var newestAvailable: [Universe.PackageID] {
        universe.allNames.compactMap { newestAvailable($0) }
    }

    /// The available versions of a name, best first: those to avoid after the others.
    ///
    /// - Parameter isRequested: Whether the name is asked for exactly. Otherwise a name of which every version is to
    ///   be avoided has no candidates.
    func candidates(
        of name: Universe.NameID, _ preference: VersionPreference, isRequested: Bool
    ) -> [Candidate] {
        TargetUniverse.candidates(of: name, preference, isRequested: isRequested, universe, availability)
    }

    static func candidates(
        of name: Universe.NameID, _ preference: VersionPreference, isRequested: Bool, _ universe: Universe,
        _ availability: [Bool]
    ) -> [Candidate] {
        let available = universe.versions(of: name).filter { availability[$0.index] }
        if !isRequested, available.allSatisfy({ universe.isAvoided($0) }) { return [] }
        return inOrder(available, preference, universe)
    }

    /// Versions of one name, given oldest first, in the order in which they are tried: those to avoid after the others.
    static func inOrder(
        _ versions: some Sequence<Candidate>, _ preference: VersionPreference, _ universe: Universe
    ) -> [Candidate] {
        let wanted = versions.filter { !universe.isAvoided($0) }
        let avoided = versions.filter { universe.isAvoided($0) }
        return preference == .newest ? wanted.reversed() + avoided.reversed() : wanted + avoided
    }
}

/// Which of two versions is tried first.
public enum VersionPreference: String, Sendable, Hashable, Codable {
    case newest
    /// For lower bounds.
    case oldest
}
