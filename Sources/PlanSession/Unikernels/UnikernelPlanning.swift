internal import Core
internal import Logging
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import Planner
internal import Records
internal import Store
internal import System
internal import YAML

/// Adds the unikernels of a matrix to its repositories, as far as the results in the store allow planning them.
///
/// - SeeAlso: `docs/decisions/0270-unikernels.md`
struct UnikernelPlanning {
    let loader: PlanInputLoader
    /// The store; nil if it does not exist yet.
    let store: Store?
    /// Repositories at previously planned commits.
    let known: [Plan.Repository]
    private var matrix: MatrixFile { loader.matrix }

    /// `loaded` with the unikernels.
    ///
    /// - Throws: `Failure` for a source that does not exist or has no `config.ml`, and for names that the repositories
    ///   already have.
    func planned(_ loaded: LoadedInputs) async throws -> LoadedInputs {
        let sources = try await UnikernelSources(loader: loader, unpinned: loaded.unpinned).all()
        let extra = ExtraRepositories(loader: loader, loaded: loaded, known: known)
        var loaded = loaded
        for pair in PlanInputs.pairs(of: matrix) {
            let entries = PlanInputs.unikernels(of: matrix, target: pair.target, compiler: pair.compiler)
            let stack = PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler)
            guard !entries.isEmpty, let base = loaded.inputs.sources[stack] else { continue }
            try checkNames(entries, base)
            let unikernels = entries.flatMap { entry -> [UnikernelPackage] in
                guard let found = sources[entry.name.value] else { return [] }
                return entry.variants.map { variant in
                    UnikernelPackage(
                        entry: entry, variant: variant, source: found.source, configureFiles: found.configureFiles)
                }
            }
            loaded.inputs.sources[stack] = try await source(unikernels, over: base, pair, loaded, extra)
        }
        return loaded
    }

    private func checkNames(_ entries: [UnikernelEntry], _ base: any PackageSource) throws {
        let mistakes = entries.flatMap { entry in
            [entry.name.value, entry.configureName].compactMap { name -> Diagnostic? in
                guard let id = base.universe.nameID(name), !base.universe.versions(of: id).isEmpty else { return nil }
                return matrix.sources.diagnostic(
                    .error, "unikernel '\(entry.name.value)': the repositories have a package '\(name)'",
                    at: entry.name.location, hint: "give the unikernel another name")
            }
        }
        guard mistakes.isEmpty else { throw Failure(.input, mistakes) }
    }

    /// The packages of a column with its unikernels.
    private func source(
        _ unikernels: [UnikernelPackage], over base: any PackageSource,
        _ pair: (target: TargetEntry, compiler: CompilerEntry), _ loaded: LoadedInputs, _ extra: ExtraRepositories
    ) async throws -> any PackageSource {
        let unconfigured = try UnikernelSource(over: base, unikernels.map { PlannedUnikernel($0, .unconfigured) })
        guard let store else { return unconfigured }
        var configured: [(unikernel: UnikernelPackage, opam: String)] = []
        for job in try await Planner(loaded.inputs).configureJobs(of: pair, in: unconfigured) {
            let verdict = try JobLookup.verdict(
                onJob: job.id, of: job.cell.package, compiler: job.cell.compiler, in: store)
            guard let result = verdict, result.outcome == .success, let text = result.generated else { continue }
            configured.append((job.unikernel, text))
        }
        guard !configured.isEmpty else { return unconfigured }
        let locked = try await UnikernelLocking(loader: loader, loaded: loaded, extra: extra)
            .stages(of: configured, for: pair)
        return try UnikernelSource(
            over: base, unikernels.map { PlannedUnikernel($0, locked.stages[$0.package] ?? .unconfigured) },
            repositories: locked.repositories)
    }
}
