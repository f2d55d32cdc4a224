public import OpamFormat

/// A question to the solver.
public struct Request: Sendable, Hashable {
    /// The packages that must be installed, in the order in which they are decided.
    public var roots: [PackageConstraint]
    /// Constraints on packages that need not be installed.
    public var constraints: [PackageConstraint] = []
    /// Packages restricted to one version. For a package pinned to the version `dev`, the variable `dev` is true.
    public var pins: [PackageName: Version] = [:]
    /// Packages that are requested exactly: they can be selected even if all their versions have `avoid-version`.
    /// Pinned packages count as requested exactly.
    public var requestedExactly: Set<PackageName> = []
    /// Packages whose test dependencies are included.
    public var withTest: Set<PackageName> = []
    /// Packages whose documentation dependencies are included.
    public var withDoc: Set<PackageName> = []
    /// Which versions are tried first.
    public var preference = VersionPreference.newest
    /// The maximum number of steps (assignments, and parts of clauses that are resolved).
    public var budget = Request.defaultBudget

    /// A thousand times the cost of the most expensive package of opam-repository: a few seconds at most.
    public static let defaultBudget = 100_000_000

    public init(roots: [PackageConstraint]) {
        self.roots = roots
    }

    /// The request for one package version with one compiler: the compiler is decided first, then the package.
    ///
    /// If the package is the compiler's own (`ocaml` with the compiler `ocaml = 5.3.0`), the package's version is used,
    /// as in the reference.
    ///
    /// - Parameter compiler: The root that represents the compiler.
    public init(_ package: Package, compiler: PackageConstraint) {
        let root = PackageConstraint(package.name, .exactly(package.version))
        self.init(roots: package.name == compiler.name ? [root] : [compiler, root])
        requestedExactly = package.name == compiler.name ? [] : [compiler.name]
    }
}

extension VersionFormula {
    /// Only versions equal to `version`.
    public static func exactly(_ version: Version) -> VersionFormula {
        .atom(VersionConstraint(.equal, version))
    }
}

/// The answer to a request.
public struct Resolution: Sendable, Hashable {
    /// The result of a search.
    public enum Status: Sendable, Hashable {
        /// The packages selected, sorted as `name.version` in byte order.
        case solved([Universe.PackageID])
        /// There is no solution: see ``Solver/explain(_:)``.
        case unsolvable
        /// The budget of the request was exhausted.
        case limit
    }

    /// The result: a solution, none, or an exhausted budget.
    public var status: Status
    /// The names that the answer was derived from, increasing. The answer does not change unless one of their versions
    /// changes, is added or is removed.
    public var examined: [Universe.NameID]
    /// The number of steps taken.
    public var steps: Int

    /// The selected packages; nil without a solution.
    public var selection: [Universe.PackageID]? {
        if case .solved(let selection) = status { selection } else { nil }
    }
}

extension Resolution {
    /// The resolution of a search.
    init(_ result: SearchResult, _ selection: [Universe.PackageID], examined: [Universe.NameID], steps: Int) {
        let status: Status =
            switch result {
            case .solved: .solved(selection)
            case .unsolvable: .unsolvable
            case .budgetExhausted: .limit
            }
        self.init(status: status, examined: examined, steps: steps)
    }
}
