public import OpamFormat

/// A universe evaluated for one target: the available versions, the order in which they are tried, and their
/// dependencies and conflicts under the target's variables.
///
/// Creating one takes milliseconds, and any number of threads can share it, each with its own ``Solver``.
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

    /// - Parameter other: Another target of the same universe, from which equal parts are copied. It affects only the
    ///   running time.
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

    /// Whether a version is available on the target: whether its `available` is true.
    public func isAvailable(_ package: Universe.PackageID) -> Bool { availability[package.index] }

    /// The newest available version of a name, whatever its flags; nil if there is none.
    public func newestAvailable(_ name: Universe.NameID) -> Universe.PackageID? {
        universe.versions(of: name).last { availability[$0.index] }
    }

    /// The newest available version of every name that has one, in byte order of the names.
    public var newestAvailable: [Universe.PackageID] {
        universe.allNames.compactMap { newestAvailable($0) }
    }

    /// The available versions of a name, best first: those to avoid come last.
    ///
    /// - Parameter isRequested: Whether the name is requested exactly. Otherwise a name whose versions are all to be
    ///   avoided has no candidates.
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

    /// The versions of one name, given oldest first, in the order in which they are tried: those to avoid come last.
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
