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
        /// The cell of the job's results.
        package var cell: Cell
        /// The job's id.
        package var id: Digest
    }

    /// The configure jobs of a column's unikernels; of one without a solution there is none.
    ///
    /// - Parameter source: The column's packages with its unikernels.
    /// - Throws: `Failure` where a repository cannot be read or a plugin fails.
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

    /// The stage of a unikernel whose configure job has generated an opam file.
    ///
    /// - Parameters:
    ///   - generated: The opam file.
    ///   - source: The column's packages with the extra repositories that the opam file names.
    /// - Throws: `Failure` where a repository cannot be read.
    package func locked(
        _ unikernel: UnikernelPackage, generated: OpamFile,
        of pair: (target: TargetEntry, compiler: CompilerEntry), in source: any PackageSource
    ) throws -> UnikernelStage {
        let source = try MonorepoSource(over: source, unikernel, generated)
        var locker = UnikernelLocker(try column(pair, over: source, defining: ["monorepo": "true"]))
        do {
            let lock = try locker.lock(unikernel.package, generated: generated)
            return .locked(try UnikernelRecipe(unikernel).build(generated: generated, lock: lock))
        } catch let obstacle as LockObstacle {
            return .unlockable(obstacle.reason, obstacle.cause)
        }
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

/// Packages with a unikernel as its lock is made from: it needs what `mirage configure` generated, without the packages that
/// the switch provides.
private struct MonorepoSource: PackageSource {
    let universe: Universe
    private let base: any PackageSource
    private let package: PackageVersion
    private let files: PackageFiles

    init(over base: any PackageSource, _ unikernel: UnikernelPackage, _ generated: OpamFile) throws {
        self.base = base
        package = unikernel.package
        let depends = generated.depends.without(generated.providedPackages).description
        files = PackageFiles(opam: Array("opam-version: \"2.0\"\ndepends: [\(depends)]\n".utf8))
        var builder = UniverseBuilder(updating: base.universe)
        for name in base.universe.allNames.map(base.universe.name) where name != package.name { builder.keep(name) }
        builder.begin(package.name, fingerprint: files.digest.hex)
        var problems: [FormatError] = []
        let relations = PackageRelations(try UnikernelRecipe.opamFile(files, of: package), problems: &problems)
        builder.add(
            Package(name: PackageName(unchecked: package.name), version: Version(unchecked: package.version)),
            relations)
        universe = builder.finish()
    }

    var repositories: [Plan.Repository] { base.repositories }
    var defects: [PackageDefect] { base.defects }

    func files(of package: PackageVersion) throws -> PackageFiles {
        try package == self.package ? files : base.files(of: package)
    }

    func fingerprint(of name: String) -> String? {
        name == package.name ? files.digest.hex : base.fingerprint(of: name)
    }
}
