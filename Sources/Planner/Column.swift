internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver

/// One target with one compiler: what all its cells share.
struct Column: Sendable {
    let target: TargetEntry
    let compiler: CompilerEntry
    let profile: TargetProfile
    let source: any PackageSource
    let universe: TargetUniverse
    let variables: ColumnVariables
    /// Versions by name.
    let pins: [PackageName: Version]

    init(
        target: TargetEntry, compiler: CompilerEntry, profile: TargetProfile, source: any PackageSource, pins: [Pin]
    ) {
        self.target = target
        self.compiler = compiler
        self.profile = profile
        self.source = source
        variables = ColumnVariables(values: profile.target.variables, compilerVersion: compiler.version)
        universe = TargetUniverse(source.universe, variables: variables.solverVariables)
        roots = Self.roots(of: compiler)
        self.pins = Dictionary(
            pins.map { (PackageName(unchecked: $0.name.value), Version(unchecked: $0.version)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// What is solved for before the package: `ocaml` in the compiler's version, the distro's compiler where it is
    /// that, then the compiler's own packages.
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

/// What a matrix asks for a package besides building it.
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

    /// Whether the bounds on versions hold.
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
