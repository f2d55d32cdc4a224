internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamRepository
internal import Planner
internal import YAML

/// Repositories that opam files of unikernels name, laid over those of columns.
actor ExtraRepositories {
    /// Extra repositories of one unikernel.
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

    /// The packages from which a unikernel is locked, and the extra repositories among them.
    ///
    /// - Throws: `Failure` where one cannot be read.
    func source(
        of generated: OpamFile, for pair: (target: TargetEntry, compiler: CompilerEntry), at unikernel: UnikernelPackage
    ) async throws -> (source: any PackageSource, repositories: [Plan.Repository]) {
        let matrix = loader.matrix
        let stack = PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler)
        let positions = stack.filter { $0 >= 0 }
        var extra: [RepositoryOpening.Opened] = []
        let addresses = generated.extraRepositories
        guard addresses.count <= Self.limit else {
            throw Failure(
                .input, "'x-mirage-extra-repo' names \(addresses.count) repositories, more than \(Self.limit)")
        }
        for address in addresses {
            extra.append(try await repository(address, unikernel))
        }
        let descriptions = extra.map(\.description)
        let key = (positions.map(String.init) + descriptions.map(\.location)).joined(separator: "\n")
        if let known = sources[key] { return (known, descriptions) }
        var warnings: [Diagnostic] = []
        let repositories = try loader.source(
            of: extra + positions.map { loaded.repositories[$0] }, known: known, warnings: &warnings)
        let source = try PinnedSource.laid(over: repositories, pinned: loaded.pinned, texts: matrix.sources)
        sources[key] = source
        return (source, descriptions)
    }

    private func repository(_ address: String, _ unikernel: UnikernelPackage) async throws -> RepositoryOpening.Opened {
        if let known = opened[address] { return known }
        var matrix = loader.matrix
        let location = unikernel.entry.name.location
        let place: RepositoryEntry.Address =
            address.contains("://") && !address.hasPrefix("file://")
            ? .url(address) : .path(written: address, resolved: address.replacing("file://", with: ""))
        matrix.repositories = [
            RepositoryEntry(
                place: Located(place, at: location), revision: .head, priority: 0, targets: .any, compilers: .any)
        ]
        let found = try await RepositoryOpening(
            matrix: matrix, cache: loader.packageSources, revision: nil, mirrors: loader.repositoryMirrors,
            environment: loader.environment
        ).openAll()
        opened[address] = found[0]
        return found[0]
    }
}
