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

/// Lays the unikernels of a matrix over its repositories, as far as the results in the store allow to plan them.
///
/// - SeeAlso: `docs/decisions/0270-unikernels.md`
struct UnikernelPlanning {
    let loader: PlanInputLoader
    /// Nil where there is none yet.
    let store: Store?
    /// Repositories at commits that were planned before.
    let known: [Plan.Repository]
    private var matrix: MatrixFile { loader.matrix }

    /// `loaded` with the unikernels.
    ///
    /// - Throws: `Failure` for a source that is not there or has no `config.ml`, and for names that the repositories have.
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
        let planner = Planner(loaded.inputs)
        var stages: [PackageVersion: UnikernelStage] = [:]
        var repositories: [Plan.Repository] = []
        for job in try await planner.configureJobs(of: pair, in: unconfigured) {
            let found = try JobLookup.verdict(
                onJob: job.id, of: job.cell.package, compiler: job.cell.compiler, in: store)
            guard let result = found, result.outcome == .success, let text = result.generated else { continue }
            let generated: OpamFile
            do {
                generated = try OpamFile(parsing: text, file: "\(job.unikernel.package).opam")
            } catch {
                stages[job.unikernel.package] = .unlockable(
                    "'mirage configure' generated an unusable opam file: \(error)")
                continue
            }
            let start = ContinuousClock.now
            do {
                let (source, descriptions) = try await extra.source(of: generated, for: pair, at: job.unikernel)
                repositories += descriptions
                stages[job.unikernel.package] = try planner.locked(
                    job.unikernel, generated: generated, of: pair, in: source)
            } catch let failure as Failure where failure.category == .input {
                // What a unikernel names is its own affair: the others can be planned.
                stages[job.unikernel.package] = .unlockable(
                    failure.diagnostics.map(\.message).joined(separator: "\n"))
            }
            logger.debug(
                "locked a unikernel",
                metadata: ["unikernel": "\(job.unikernel.package)", "duration": "\(ContinuousClock.now - start)"])
        }
        guard !stages.isEmpty else { return unconfigured }
        return try UnikernelSource(
            over: base, unikernels.map { PlannedUnikernel($0, stages[$0.package] ?? .unconfigured) },
            repositories: repositories)
    }
}
