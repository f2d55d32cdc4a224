internal import Core
internal import Documents
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
    /// The same where the package's tests are run.
    var testDepends: Formula<AllowedVersions>
    /// The same where its documentation is made.
    var docDepends: Formula<AllowedVersions>
    var depopts: [AllowedVersions]
}

/// A name, in versions that a dependency allows.
struct AllowedVersions: Sendable {
    var name: Universe.NameID
    /// Nil allows all.
    var packages: Set<Universe.PackageID>?

    func allows(_ package: Universe.PackageID) -> Bool {
        packages?.contains(package) ?? true
    }
}

/// Reads the facts of package versions on one target, each once.
struct BuildFactsReader: Sendable {
    let source: any PackageSource
    let variables: ColumnVariables
    private let universe: Universe
    private var known: [Universe.PackageID: BuildFacts] = [:]
    private var allowed: [PackageConstraint: AllowedVersions] = [:]
    /// The files behind the facts, by digest.
    private(set) var files: [Digest: PackageFiles] = [:]

    init(source: any PackageSource, variables: ColumnVariables) {
        self.source = source
        self.variables = variables
        universe = source.universe
    }

    /// - Throws: `Failure` where the repository cannot be read.
    mutating func facts(of package: Universe.PackageID) throws -> BuildFacts {
        if let facts = known[package] { return facts }
        let version = version(of: package)
        let files = try source.files(of: version)
        return keep(try opamFile(files, of: version), files, of: package)
    }

    /// The facts with the source at an exact commit.
    ///
    /// - Throws: As without.
    mutating func facts(of package: Universe.PackageID, _ moving: MovingSources?) async throws -> BuildFacts {
        guard known[package] == nil, let moving else { return try facts(of: package) }
        let version = version(of: package)
        var files = try source.files(of: version)
        let file = try opamFile(files, of: version)
        files = try await moving.exact(files, file, of: version)
        return keep(file, files, of: package)
    }

    private func version(of package: Universe.PackageID) -> PackageVersion {
        PackageVersion(name: universe.name(universe.nameID(of: package)), version: universe.version(of: package))
    }

    private func opamFile(_ files: PackageFiles, of package: PackageVersion) throws -> OpamFile {
        do {
            return try OpamFile(parsing: files.opam, file: "\(package)/opam")
        } catch {
            throw Failure(.input, "the opam file of \(package) cannot be read: \(error)")
        }
    }

    private mutating func keep(_ file: OpamFile, _ files: PackageFiles, of package: Universe.PackageID) -> BuildFacts {
        let facts = read(file, files, of: version(of: package))
        known[package] = facts
        self.files[facts.files] = files
        return facts
    }

    private mutating func read(_ file: OpamFile, _ files: PackageFiles, of package: PackageVersion) -> BuildFacts {
        let environment = variables.environment(version: package.version)
        var scope = DependencyScope()
        scope.post = false
        scope.dev = package.version == "dev"
        var testScope = scope
        testScope.withTest = true
        var docScope = scope
        docScope.withDoc = true
        let depends = file.depends
        return BuildFacts(
            files: files.digest, depexts: file.depexts(in: environment),
            depends: numbered(depends.filtered(in: environment, scope: scope)),
            testDepends: numbered(depends.filtered(in: environment, scope: testScope)),
            docDepends: numbered(depends.filtered(in: environment, scope: docScope)),
            depopts: numbered(file.depopts.filtered(in: environment, scope: scope)).atoms)
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
        guard let name = universe.nameID(constraint.name.text) else { return AllowedVersions(name: -1, packages: []) }
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
