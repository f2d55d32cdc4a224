internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver

/// What a package version, on a target, is built from and over.
struct BuildFacts: Sendable {
    /// Of the opam file and its `files/`.
    var files: Digest
    /// As the opam file names them, those whose filter holds.
    var depexts: [String]
    /// `depends` without what is named only under `post`.
    var depends: Formula<AllowedVersions>
    var depopts: [AllowedVersions]
    /// Of a unikernel that is run.
    var run: UnikernelRunFacts?

    /// Those of the run too.
    var allDepexts: [String] { depexts + (run?.depexts ?? []) }
}

/// What the run of a unikernel is made from.
struct UnikernelRunFacts: Sendable {
    /// Of its opam file and `files/`.
    var files: Digest
    var depexts: [String]
    /// Seconds that it may take.
    var time: Int?
}

/// A name, in versions that a dependency allows.
struct AllowedVersions: Sendable {
    /// Nil for a name that the universe does not have.
    var name: Universe.NameID?
    /// Nil allows all.
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

    /// Reads a package version, if that was not done before.
    ///
    /// - Throws: `Failure` where the repository cannot be read.
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

    /// The facts of a package version that was read.
    subscript(package: Universe.PackageID) -> BuildFacts { parsed(package).facts }

    /// The files behind the facts of package versions, by digest.
    var files: [Digest: PackageFiles] {
        let runs = known.values.compactMap(\.package.run).map { ($0.digest, $0.files) }
        return Dictionary(
            known.values.map { ($0.facts.files, $0.package.files) } + runs, uniquingKeysWith: { first, _ in first })
    }

    /// The purposes that activate further dependencies: tests and documentation.
    enum Purpose: Hashable {
        case test, documentation
    }

    /// `depends` for more than building a package version that was read.
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
        // A name that the universe lacks is in no selection.
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
