package import Core
package import Fetching
internal import Foundation
package import Images
package import Matrix
package import Model
internal import OpamRepository
package import Planner
package import PluginHost
package import System

/// Loads the inputs of a plan: from a matrix, the plugins and the repositories.
package struct PlanInputLoader: Sendable {
    /// The matrix that is planned.
    package var matrix: MatrixFile
    /// The plugins that describe its targets.
    package var catalog: PluginCatalog
    /// The cache of universes and incremental states.
    package var cache: PlanCache
    /// The cache of package sources and remote repositories.
    package var packageSources: SourceCache
    /// Provides the images of targets; nil if no target may have one.
    package var images: ImageStore?
    /// Mirrors of repositories by the URLs in matrices: paths or other URLs. The plan contains the original URL.
    package var repositoryMirrors: [String: String]
    /// The environment of git for work trees, and of programs that unpack sources.
    package var environment: ProcessEnvironment
    /// The architecture of targets that specify none.
    package var architecture: String
    /// The date that determines which accepted failures have expired.
    package var today: CalendarDate

    package init(
        matrix: MatrixFile, catalog: PluginCatalog, cache: PlanCache, packageSources: SourceCache,
        images: ImageStore? = nil, repositoryMirrors: [String: String] = [:], environment: ProcessEnvironment,
        architecture: String = hostArchitecture(),
        today: CalendarDate = CalendarDate(daysSince1970: Int(Date().timeIntervalSince1970) / 86_400)
    ) {
        self.matrix = matrix
        self.catalog = catalog
        self.cache = cache
        self.packageSources = packageSources
        self.images = images
        self.repositoryMirrors = repositoryMirrors
        self.environment = environment
        self.architecture = architecture
        self.today = today
    }

    /// Loads the inputs of the plan.
    ///
    /// - Parameters:
    ///   - revision: A revision of the first git repository, which overrides the one in the matrix.
    ///   - known: Repositories at previously planned commits, whose universes can be updated.
    ///   - progress: Called from any thread.
    /// - Throws: `Failure` if a target has no plugin or a repository does not exist.
    package func inputs(
        at revision: String? = nil, known: [Plan.Repository] = [],
        progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }
    ) async throws -> LoadedInputs {
        async let profiles = attempt { () -> [PlanInputs.ProfileKey: TargetProfile] in
            try await PluginProfiles(
                matrix: matrix, catalog: catalog, architecture: architecture, images: ImageTargets(images)
            ).profiles()
        }
        let unpinned = UnpinnedSources(packageSources)
        let pinned = await pinnedPackages(unpinned)
        async let sources = attempt { () -> LoadedRepositories in
            try await self.sources(at: revision, known: known) { done, total in
                progress(PlanProgress(.reading, done: done, total: total))
            }
        }
        let (foundProfiles, foundSources) = (await profiles, await sources)
        var failures: [Failure] = []
        if let failure = pinned.failure { failures.append(failure) }
        if let failure = try failure(in: foundProfiles) { failures.append(failure) }
        if let failure = try failure(in: foundSources) { failures.append(failure) }
        var inputs = PlanInputs(
            matrix: matrix, profiles: (try? foundProfiles.get()) ?? [:],
            sources: (try? foundSources.get().sources) ?? [:], today: today, unpinned: unpinned)
        do {
            try inputs.pin(pinned.packages)
        } catch let failure as Failure {
            failures.append(failure)
        }
        if !failures.isEmpty {
            // All mistakes are reported together.
            let mistakes = try Planner(inputs).mistakes
            if !mistakes.isEmpty { failures.append(Failure(.input, mistakes)) }
        }
        if let failure = Failure(failures) { throw failure }
        let repositories = try foundSources.get()
        return LoadedInputs(
            inputs: inputs, unpinned: unpinned, repositories: repositories.opened,
            pinned: inputs.pinned(pinned.packages),
            warnings: pinned.warnings + repositories.warnings)
    }

    private func pinnedPackages(_ unpinned: UnpinnedSources) async -> PinnedFiles.Loaded {
        guard matrix.pins.contains(where: \.hasFiles) else { return PinnedFiles.Loaded() }
        return await PinnedFiles(texts: matrix.sources, unpinned: unpinned, environment: environment)
            .outcome(of: matrix.pins)
    }

    private func sources(
        at revision: String?, known: [Plan.Repository],
        _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> LoadedRepositories {
        let opened = try await RepositoryOpening(
            matrix: matrix, cache: packageSources, revision: revision, mirrors: repositoryMirrors,
            environment: environment
        ).openAll()
        var warnings = opened.compactMap(\.warning)
        var sources: [[Int]: any PackageSource] = [:]
        var read: [[Int]: RepositorySource] = [:]
        for (target, compiler) in PlanInputs.pairs(of: matrix) {
            let stack = PlanInputs.stack(of: matrix, target: target, compiler: compiler)
            // Columns with unikernels have separate stacks of the same repositories.
            let positions = stack.filter { $0 >= 0 }
            guard sources[stack] == nil, !positions.isEmpty else { continue }
            let source =
                try read[positions]
                ?? source(of: positions.map { opened[$0] }, known: known, warnings: &warnings, progress)
            read[positions] = source
            sources[stack] = source
        }
        // Stacks that share a repository report the same problems in its files.
        var reported: Set<Diagnostic> = []
        return LoadedRepositories(
            sources: sources, opened: opened, warnings: warnings.filter { reported.insert($0).inserted })
    }

    /// The packages of a stack of repositories.
    func source(
        of opened: [RepositoryOpening.Opened], known: [Plan.Repository], warnings: inout [Diagnostic],
        _ progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws -> RepositorySource {
        let descriptions = opened.map(\.description)
        return try RepositorySource(
            RepositorySet(opened.map(\.repository)), repositories: descriptions,
            cache: cache.universes(near: descriptions, among: known), warnings: &warnings, progress: progress)
    }
}

/// The repositories of a matrix, as loaded.
struct LoadedRepositories {
    var sources: [[Int]: any PackageSource]
    /// The repositories in the order of the matrix.
    var opened: [RepositoryOpening.Opened]
    var warnings: [Diagnostic]
}

extension PlanInputs {
    /// The packages with their pinned versions.
    func pinned(_ packages: [PinnedPackage]) -> [PinnedPackage] {
        packages.map { package in
            var package = package
            package.pin = matrix.pins.first { $0.name.value == package.pin.name.value } ?? package.pin
            return package
        }
    }

    /// Overlays the repositories with pinned packages.
    ///
    /// - Throws: `Failure` if an opam file cannot be read.
    mutating func pin(_ packages: [PinnedPackage]) throws {
        let packages = packages.versioned(by: Planner(self))
        matrix = matrix.pinning(packages)
        let texts = matrix.sources
        sources = try sources.mapValues { try PinnedSource.laid(over: $0, pinned: packages, texts: texts) }
    }
}

/// The loaded inputs of a plan.
package struct LoadedInputs: Sendable {
    /// All inputs of the plan.
    package var inputs: PlanInputs
    /// The resolver of the inputs.
    let unpinned: UnpinnedSources
    /// The repositories of the matrix, in its order.
    let repositories: [RepositoryOpening.Opened]
    /// The pins with files of their own.
    let pinned: [PinnedPackage]
    /// The problems in files of the repositories, and the parts that were omitted.
    package let warnings: [Diagnostic]

    /// Whether all unpinned sources of an earlier plan belong to pins. Which packages of the repositories still have
    /// such sources, and their states, is known only after full planning.
    func haveResolved(all header: PlanHeader?) -> Bool {
        unpinned.haveResolved(all: (header?.sources ?? [:]).keys)
    }

    /// Whether an earlier plan has the same inputs.
    func areThose(of header: PlanHeader) async throws -> Bool {
        guard header.inputs == (try inputs.digest) else { return false }
        return await unpinned.areUnchanged(since: header.sources ?? [:])
    }
}

/// The result of `body`, or its error.
private func attempt<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}

/// The failure in a result; nil if it succeeded.
///
/// - Throws: Any error that is not a `Failure`.
private func failure<Value>(in result: Result<Value, any Error>) throws -> Failure? {
    guard case .failure(let error) = result else { return nil }
    guard let failure = error as? Failure else { throw error }
    return failure
}

/// The directory for cached universes and incremental states of plans.
package struct PlanCache: Sendable {
    /// The directory of the cache.
    package var directory: String
    /// Whether nothing is written to the directory.
    package var isReadOnly: Bool

    package init(_ directory: String, isReadOnly: Bool = false) {
        self.directory = directory
        self.isReadOnly = isReadOnly
    }

    /// The incremental states of plans.
    var states: IncrementalStateDirectory { IncrementalStateDirectory("\(directory)/plans") }

    /// The cache of unikernels' source files and locks.
    var unikernels: CachedValues { CachedValues(directory: "\(directory)/unikernels", isReadOnly: isReadOnly) }

    /// The directory of universes, and the universe to start from: that of the same repositories in an earlier plan.
    fileprivate func universes(near stack: [Plan.Repository], among known: [Plan.Repository]) -> UniverseDirectory {
        UniverseDirectory(
            "\(directory)/universes",
            nearest: stack.map { repository in
                known.first { $0.location == repository.location }?.commit ?? repository.commit
            }, isReadOnly: isReadOnly)
    }
}
