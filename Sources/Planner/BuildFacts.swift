internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver

/// The inputs of a package version's build on a target.
struct BuildFacts: Sendable {
    /// The digest of the opam file and its `files/`.
    var files: Digest
    /// The depexts named in the opam file whose filters hold.
    var depexts: [String]
    /// `depends` without dependencies that have only the flag `post`.
    var depends: Formula<AllowedVersions>
    var depopts: [AllowedVersions]
    /// The facts of the unikernel's run, if it is run.
    var run: UnikernelRunFacts?

    /// The depexts of the package and of its run.
    var allDepexts: [String] { depexts + (run?.depexts ?? []) }
}

/// The inputs of a unikernel's run.
struct UnikernelRunFacts: Sendable {
    /// The digest of the run's opam file and `files/`.
    var files: Digest
    var depexts: [String]
    /// The time limit in seconds.
    var time: Int?
}

/// A package name with the versions that a dependency allows.
struct AllowedVersions: Sendable {
    /// The name; nil if the universe does not have it.
    var name: Universe.NameID?
    /// The allowed versions; nil if all are allowed.
    var packages: Set<Universe.PackageID>?

    func allows(_ package: Universe.PackageID) -> Bool {
        packages?.contains(package) ?? true
    }
}

/// The facts of package versions on one target.
struct BuildFactsReader: Sendable {
    private let packages: ParsedPackages
    private let variables: ColumnVariables
    let universe: Universe
    private var known: [Universe.PackageID: (facts: BuildFacts, package: ParsedPackage)] = [:]
    private var dependsFor: [Purpose: [Universe.PackageID: Formula<AllowedVersions>]] = [:]
    private var allowed: [PackageConstraint: AllowedVersions] = [:]

    init(_ packages: ParsedPackages, variables: ColumnVariables) {
        self.packages = packages
        self.variables = variables
        universe = packages.source.universe
    }

    /// Reads a package version, unless it was read before.
    ///
    /// - Throws: `Failure` if the repository cannot be read.
    mutating func read(_ package: Universe.PackageID) async throws -> BuildFacts {
        if let known = known[package] { return known.facts }
        let parsed = try await packages.package(package)
        let environment = variables.environment(version: universe.version(of: package))
        let scope = scope(of: package)
        let facts = BuildFacts(
            files: parsed.digest, depexts: parsed.depexts.names(in: environment),
            depends: numbered(parsed.depends.filtered(in: environment, scope: scope)),
            depopts: numbered(parsed.depopts.filtered(in: environment, scope: scope)).atoms,
            run: parsed.run.map { run in
                UnikernelRunFacts(files: run.digest, depexts: run.depexts.names(in: environment), time: run.time)
            })
        known[package] = (facts, parsed)
        return facts
    }

    /// The facts of a package version that was read before.
    subscript(package: Universe.PackageID) -> BuildFacts { parsed(package).facts }

    /// The files of the read package versions, by digest.
    var files: [Digest: PackageFiles] {
        let runs = known.values.compactMap(\.package.run).map { ($0.digest, $0.files) }
        return Dictionary(
            known.values.map { ($0.facts.files, $0.package.files) } + runs, uniquingKeysWith: { first, _ in first })
    }

    /// The purposes that activate further dependencies: tests and documentation.
    enum Purpose: Hashable {
        case test, documentation
    }

    /// The dependencies of a package version that was read, for a purpose other than building.
    mutating func depends(of package: Universe.PackageID, for purpose: Purpose) -> Formula<AllowedVersions> {
        if let known = dependsFor[purpose]?[package] { return known }
        var scope = scope(of: package)
        scope.withTest = purpose == .test
        scope.withDoc = purpose == .documentation
        let environment = variables.environment(version: universe.version(of: package))
        let depends = numbered(parsed(package).package.depends.filtered(in: environment, scope: scope))
        dependsFor[purpose, default: [:]][package] = depends
        return depends
    }

    private func parsed(_ package: Universe.PackageID) -> (facts: BuildFacts, package: ParsedPackage) {
        guard let known = known[package] else { preconditionFailure("all that is selected is read first") }
        return known
    }

    private func scope(of package: Universe.PackageID) -> DependencyScope {
        var scope = DependencyScope()
        scope.post = false
        scope.dev = universe.version(of: package) == "dev"
        return scope
    }

    private mutating func numbered(_ formula: Formula<PackageConstraint>) -> Formula<AllowedVersions> {
        switch formula {
        case .atom(let constraint): .atom(numbered(constraint))
        case .all(let parts): .all(parts.map { numbered($0) })
        case .any(let parts): .any(parts.map { numbered($0) })
        }
    }

    private mutating func numbered(_ constraint: PackageConstraint) -> AllowedVersions {
        if let known = allowed[constraint] { return known }
        // No selection contains a name that the universe lacks.
        guard let name = universe.nameID(constraint.name.text) else { return AllowedVersions(name: nil, packages: []) }
        var result = AllowedVersions(name: name, packages: nil)
        if !constraint.versions.isEmpty {
            result.packages = Set(
                universe.versions(of: name).filter { package in
                    constraint.versions.allows(Version(unchecked: universe.version(of: package)))
                })
        }
        allowed[constraint] = result
        return result
    }
}
