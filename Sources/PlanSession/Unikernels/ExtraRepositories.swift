internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamRepository
internal import Planner
internal import YAML

/// Repositories named by opam files of unikernels, added to those of columns.
actor ExtraRepositories {
    /// The maximum number of extra repositories of a unikernel.
    private static let limit = 16

    private let loader: PlanInputLoader
    private let loaded: LoadedInputs
    private let known: [Plan.Repository]
    private var opened: [String: RepositoryOpening.Opened] = [:]
    private var sources: [String: any PackageSource] = [:]

    init(loader: PlanInputLoader, loaded: LoadedInputs, known: [Plan.Repository]) {
        self.loader = loader
        self.loaded = loaded
        self.known = known
    }

    /// The extra repositories named by the opam file of a unikernel, at their current commits.
    ///
    /// - Throws: `Failure` if a repository cannot be read.
    func opened(_ generated: OpamFile, at unikernel: UnikernelPackage) async throws -> [RepositoryOpening.Opened] {
        let addresses = generated.extraRepositories
        guard addresses.count <= Self.limit else {
            throw Failure(
                .input, "'x-mirage-extra-repo' names \(addresses.count) repositories, more than \(Self.limit)")
        }
        var extra: [RepositoryOpening.Opened] = []
        for address in addresses { extra.append(try await repository(address, unikernel)) }
        return extra
    }

    /// The packages from which unikernels are locked: those of a column's repositories, overlaid with the extra ones
    /// and the pins.
    ///
    /// - Parameter pins: The pins of the unikernel's opam file.
    /// - Throws: `Failure` if a repository or a pin cannot be read.
    func source(
        _ extra: [RepositoryOpening.Opened], _ pins: [Pin], for pair: (target: TargetEntry, compiler: CompilerEntry)
    ) async throws -> any PackageSource {
        let matrix = loader.matrix
        let positions = PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler).filter { $0 >= 0 }
        let key = "\(positions) \(key(extra, pins))"
        if let known = sources[key] { return known }
        let files = await PinnedFiles(
            texts: matrix.sources, unpinned: loaded.unpinned, environment: loader.environment
        ).outcome(of: pins, followingPinDepends: false)
        if let failure = files.failure { throw failure }
        var warnings: [Diagnostic] = []
        let repositories = try loader.source(
            of: extra + positions.map { loaded.repositories[$0] }, known: known, warnings: &warnings)
        let source = try PinnedSource.laid(
            over: repositories, pinned: loaded.pinned + files.packages, texts: matrix.sources)
        sources[key] = source
        return source
    }

    /// A text that is equal for the same repositories and pins.
    nonisolated func key(_ extra: [RepositoryOpening.Opened], _ pins: [Pin]) -> String {
        let pinned = pins.map { "\($0.name.value).\($0.version) \($0.source.map { "\($0.value)" } ?? "")" }
        return (extra.map(\.description.location) + pinned).joined(separator: "\n")
    }

    private func repository(_ address: String, _ unikernel: UnikernelPackage) async throws -> RepositoryOpening.Opened {
        if let known = opened[address] { return known }
        var matrix = loader.matrix
        let location = unikernel.entry.name.location
        let parsed: RepositoryEntry.Address =
            address.contains("://") && !address.hasPrefix("file://")
            ? .url(address) : .path(written: address, resolved: address.replacing("file://", with: ""))
        matrix.repositories = [
            RepositoryEntry(
                address: Located(parsed, at: location), revision: .head, priority: 0, targets: .any, compilers: .any)
        ]
        let found = try await RepositoryOpening(
            matrix: matrix, cache: loader.packageSources, revision: nil, mirrors: loader.repositoryMirrors,
            environment: loader.environment
        ).openAll()
        opened[address] = found[0]
        return found[0]
    }
}
