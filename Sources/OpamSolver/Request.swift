public import OpamFormat

/// A question to the solver.
public struct Request: Sendable, Hashable {
    /// The packages that must be installed, in the order in which they are decided.
    public var roots: [PackageConstraint]
    /// Constraints on packages that need not be installed.
    public var constraints: [PackageConstraint] = []
    /// Packages restricted to one version. A package that is pinned to the version `dev` has `dev` true.
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
    /// How many steps (assignments, and parts of clauses that are resolved) may be spent.
    public var budget = Request.defaultBudget

    /// A thousand times what the most expensive package of opam-repository needs: a few seconds at most.
    public static let defaultBudget = 100_000_000

    public init(roots: [PackageConstraint]) {
        self.roots = roots
    }

    /// The request for one package version with one compiler: the compiler is decided first, then the package.
    ///
    /// When the package is the compiler's own (`ocaml` with the compiler `ocaml = 5.3.0`), its version is the one that
    /// counts, as in the reference.
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
    /// What a search came to.
    public enum Status: Sendable, Hashable {
        /// The packages selected, sorted as `name.version` in byte order.
        case solved([Universe.PackageID])
        /// There is no solution: see ``Solver/explain(_:)``.
        case unsolvable
        /// The budget of the request was spent before an answer was found.
        case limit
    }

    /// Whether there is a solution, or the search gave up.
    public var status: Status
    /// The names that the answer was derived from, increasing. The answer stays the same while their versions do, and no
    /// version of them is added or removed.
    public var examined: [Universe.NameID]
    /// The steps that were spent.
    public var steps: Int

    /// The packages selected; nil without a solution.
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
