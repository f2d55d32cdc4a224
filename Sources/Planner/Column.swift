internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import Synchronization

/// A target with a compiler, and the properties common to its cells.
struct Column: Sendable {
    let target: TargetEntry
    let compiler: CompilerEntry
    let profile: TargetProfile
    let source: any PackageSource
    let universe: TargetUniverse
    let variables: ColumnVariables
    /// The pinned versions, by name.
    let pins: [PackageName: Version]
    /// The reasons why files of package versions cannot be used, by `name.version`.
    let unusable: [String: String]

    /// - Parameter views: the views of other columns of the same source.
    init(
        target: TargetEntry, compiler: CompilerEntry, profile: TargetProfile, source: any PackageSource, pins: [Pin],
        views: TargetViews = TargetViews()
    ) {
        self.target = target
        self.compiler = compiler
        self.profile = profile
        self.source = source
        variables = ColumnVariables(values: profile.target.variables, compilerVersion: compiler.version)
        universe = views.view(of: source.universe, variables.solverVariables)
        roots = Self.roots(of: compiler)
        unusable = Dictionary(
            source.defects.filter { $0.isLeftOut && $0.version != nil }.map { defect in
                ("\(defect.name).\(defect.version ?? "")", defect.message)
            }, uniquingKeysWith: { "\($0)\n\($1)" })
        self.pins = Dictionary(
            pins.map { (PackageName(unchecked: $0.name.value), Version(unchecked: $0.version)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The constraints that precede the package in every request: `ocaml` in the compiler's version, the distribution's
    /// compiler if it is used, and the compiler's own packages.
    let roots: [PackageConstraint]

    static func roots(of compiler: CompilerEntry) -> [PackageConstraint] {
        let version = VersionFormula.exactly(Version(unchecked: compiler.version))
        var roots = [PackageConstraint(PackageName(unchecked: "ocaml"), version)]
        if compiler.isSystem {
            roots.append(PackageConstraint(PackageName(unchecked: "ocaml-system"), version))
        }
        return roots + compiler.packages.map { $0.value.constraint }
    }

    /// Whether the compiler and the pins allow a version of a name.
    func holds(_ name: String, at version: String) -> Bool {
        let version = Version(unchecked: version)
        if let pinned = pins[PackageName(unchecked: name)], pinned != version { return false }
        return roots.allSatisfy { $0.name.text != name || $0.versions.allows(version) }
    }

    /// The unikernel with this package; nil if it is another package.
    func unikernel(_ package: Universe.PackageID) -> PlannedUnikernel? {
        source.unikernels.isEmpty ? nil : source.unikernels[universe.universe.packageVersion(package)]
    }

    /// The request for one package version.
    func request(_ package: Universe.PackageID, isExplicit: Bool, options: RequestOptions) -> Request {
        let universe = universe.universe
        let name = PackageName(unchecked: universe.name(universe.nameID(of: package)))
        let version = Version(unchecked: universe.version(of: package))
        var request = Request(roots: roots + [PackageConstraint(name, .exactly(version))])
        request.pins = pins
        request.requestedExactly = Set(roots.map(\.name))
        if isExplicit { request.requestedExactly.insert(name) }
        if options.withTest { request.withTest = [name] }
        if options.withDoc { request.withDoc = [name] }
        if options.lowerBounds { request.preference = .oldest }
        return request
    }
}

/// The options of a request for a package: tests and documentation.
struct RequestOptions: Hashable, Sendable {
    var withTest = false
    var withDoc = false
    var lowerBounds = false
}

extension PackagePattern {
    /// The constraint of a pattern that names one package.
    var constraint: PackageConstraint {
        PackageConstraint(
            PackageName(unchecked: name.pattern),
            .conjunction(
                constraints.map { bound in
                    .atom(VersionConstraint(bound.comparison.relation, Version(unchecked: bound.version)))
                }))
    }

    /// Whether the bounds allow the version.
    func allows(version: String) -> Bool {
        constraint.versions.allows(Version(unchecked: version))
    }
}

extension PackagePattern.Comparison {
    var relation: RelationalOperator {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .atLeast: .greaterOrEqual
        case .greater: .greater
        case .atMost: .lessOrEqual
        case .less: .less
        }
    }
}

/// Views of one universe by the columns of a plan, created on several threads: later ones are derived from the first
/// one.
final class TargetViews: Sendable {
    private let first = Mutex<TargetUniverse?>(nil)

    func view(of universe: Universe, _ variables: [Variable: VariableValue]) -> TargetUniverse {
        let known = first.withLock { $0 }
        let view = TargetUniverse(universe, variables: variables, like: known)
        if known == nil { first.withLock { $0 = $0 ?? view } }
        return view
    }
}
