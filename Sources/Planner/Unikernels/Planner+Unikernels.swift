package import Core
package import Matrix
package import Model
package import OpamFormat
internal import OpamSolver

extension Planner {
    /// A unikernel of a column, and the job that configures it.
    package struct ConfigureJob: Sendable {
        /// The unikernel.
        package var unikernel: UnikernelPackage
        /// The cell to which the job's results belong.
        package var cell: Cell
        /// The job's id.
        package var id: Digest
    }

    /// The configure jobs of a column's unikernels; unikernels without a solution have none.
    ///
    /// - Parameter source: The column's packages with its unikernels.
    /// - Throws: `Failure` if a repository cannot be read or a plugin fails.
    package func configureJobs(
        of pair: (target: TargetEntry, compiler: CompilerEntry), in source: any PackageSource
    ) async throws -> [ConfigureJob] {
        let column = try column(pair, over: source)
        let universe = column.universe.universe
        let planned = source.unikernels.sorted { $0.key < $1.key }.map(\.value)
        let entries = planned.compactMap { planned -> ColumnCells.Entry? in
            let package = planned.unikernel.configurePackage
            guard let name = universe.nameID(package.name),
                let id = universe.package(name, version: package.version)
            else { return nil }
            return ColumnCells.Entry(
                package: id,
                origin: SelectionOrigin(location: planned.unikernel.entry.name.location, isExplicit: true),
                options: RequestOptions())
        }
        let cells = ColumnCells(column: column, entries: entries)
        let solved = try await ColumnSolver.solve([cells]) { _ in }[0]
        let plan = try await ColumnPlan(
            cells, solved, rules: CellRules(matrix: inputs.matrix, today: inputs.today),
            packages: ParsedPackages(source, inputs.unpinned)
        ) { _ in }
        return zip(planned, plan.cells).compactMap { planned, cell in
            guard case .jobs(let build, _) = cell.basis else { return nil }
            return ConfigureJob(unikernel: planned.unikernel, cell: cell.cell, id: build)
        }
    }

    /// A unikernel with the opam file that its configure job generated.
    package struct Configured: Sendable {
        /// The unikernel.
        package var unikernel: UnikernelPackage
        /// The opam file.
        package var generated: OpamFile

        package init(_ unikernel: UnikernelPackage, _ generated: OpamFile) {
            self.unikernel = unikernel
            self.generated = generated
        }
    }

    /// Selects the sources of a column's unikernels.
    ///
    /// Git sources are returned as in their opam files: a branch is not resolved to a commit.
    ///
    /// - Parameters:
    ///   - source: The column's packages with the extra repositories that the opam files name, and with their pins.
    ///   - pinned: Packages that the matrix or the opam files pin to sources.
    /// - Returns: the answers, in the order of `configured`.
    /// - Throws: `Failure` if a repository cannot be read.
    package func locks(
        of configured: [Configured], for pair: (target: TargetEntry, compiler: CompilerEntry),
        in source: any PackageSource, pinned: Set<String>
    ) throws -> [LockAnswer] {
        let stack = PlanInputs.stack(of: inputs.matrix, target: pair.target, compiler: pair.compiler)
        guard let switchPackages = inputs.sources[stack]?.universe else { throw missingRepository(pair) }
        let source = try MonorepoSource(over: source, configured)
        var locker = UnikernelLocker(
            try column(pair, over: source, defining: ["monorepo": "true"]), pinned: pinned, over: switchPackages)
        return try configured.map { configured in
            do {
                return .lock(try locker.lock(configured.unikernel.package, generated: configured.generated))
            } catch let obstacle as LockObstacle {
                return .obstacle(reason: obstacle.reason, cause: obstacle.cause)
            }
        }
    }

    /// The stage of a unikernel with a lock.
    package func stage(of unikernel: UnikernelPackage, generated: OpamFile, lock: UnikernelLock) -> UnikernelStage {
        do {
            return .locked(try UnikernelRecipe(unikernel).build(generated: generated, lock: lock))
        } catch {
            return .unlockable(error.reason, error.cause)
        }
    }

    /// The digest of the inputs of all locks of a column, apart from repositories, opam files and sources.
    package func lockInputs(of pair: (target: TargetEntry, compiler: CompilerEntry)) throws -> Digest {
        struct Identity: Encodable {
            let column: Digest
            let pins: [String]
        }
        return try CanonicalJSON.digest(
            of: Identity(
                column: CellInputs(inputs).column(pair),
                pins: inputs.matrix.pins.map { "\($0.name.value).\($0.version)" }))
    }

    private func column(
        _ pair: (target: TargetEntry, compiler: CompilerEntry), over source: any PackageSource,
        defining variables: [String: String] = [:]
    ) throws -> Column {
        let key = PlanInputs.ProfileKey(target: pair.target.name.value, systemCompiler: pair.compiler.isSystem)
        guard var profile = inputs.profiles[key] else { throw missingRepository(pair) }
        profile.target.variables.merge(variables) { $1 }
        return Column(
            target: pair.target, compiler: pair.compiler, profile: profile, source: source, pins: inputs.matrix.pins)
    }
}

/// Packages with unikernels, as needed for their locks: each depends on what `mirage configure` generated, without the
/// packages that the switch provides.
private struct MonorepoSource: PackageSource {
    let universe: Universe
    private let base: any PackageSource
    private let files: [PackageVersion: PackageFiles]

    init(over base: any PackageSource, _ configured: [Planner.Configured]) throws {
        self.base = base
        var files: [PackageVersion: PackageFiles] = [:]
        for configured in configured {
            let depends = configured.generated.depends.without(configured.generated.providedPackages).description
            files[configured.unikernel.package] = PackageFiles(
                opam: Array("opam-version: \"2.0\"\ndepends: [\(depends)]\n".utf8))
        }
        self.files = files
        let names = Dictionary(grouping: files.sorted { $0.key < $1.key }, by: \.key.name)
        var builder = UniverseBuilder(updating: base.universe)
        for name in base.universe.allNames.map(base.universe.name) where names[name] == nil { builder.keep(name) }
        for (name, versions) in names.sorted(by: { $0.key < $1.key }) {
            builder.begin(name, fingerprint: Self.fingerprint(of: versions.map(\.value)))
            for (package, files) in versions {
                var problems: [FormatError] = []
                let relations = PackageRelations(
                    try UnikernelRecipe.opamFile(files, of: package), problems: &problems)
                builder.add(
                    Package(name: PackageName(unchecked: name), version: Version(unchecked: package.version)), relations
                )
            }
        }
        universe = builder.finish()
    }

    private static func fingerprint(of files: [PackageFiles]) -> String {
        Digest(of: files.map(\.digest.hex).joined(separator: "\n")).hex
    }

    var repositories: [Plan.Repository] { base.repositories }
    var defects: [PackageDefect] { base.defects }

    func files(of package: PackageVersion) throws -> PackageFiles {
        try files[package] ?? base.files(of: package)
    }

    func repository(of package: PackageVersion) throws -> Plan.Repository? {
        try files[package] == nil ? base.repository(of: package) : nil
    }

    func fingerprint(of name: String) -> String? {
        universe.nameID(name).flatMap { universe.fingerprint(of: $0) }
    }
}
