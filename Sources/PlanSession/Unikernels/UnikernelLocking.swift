internal import Core
internal import Fetching
internal import Logging
internal import Matrix
internal import Model
internal import OpamFormat
internal import Planner
internal import YAML

/// Locks configured unikernels, with the repositories and pins that their opam files name.
///
/// Locks are cached, and computed again when one of their inputs changes.
///
/// - SeeAlso: `docs/decisions/0286-remembered-locks.md`
struct UnikernelLocking {
    let loader: PlanInputLoader
    let loaded: LoadedInputs
    let extra: ExtraRepositories
    private var planner: Planner { Planner(loaded.inputs) }

    /// A column of the matrix.
    typealias Pair = (target: TargetEntry, compiler: CompilerEntry)

    /// How far unikernels can be planned, and the extra repositories that were used.
    struct Outcome {
        var stages: [PackageVersion: UnikernelStage] = [:]
        /// The extra repositories, without duplicates.
        var repositories: [Plan.Repository] = []
    }

    /// How far the configured unikernels of a column can be planned.
    ///
    /// - Parameter configured: Unikernels with the opam files that their configure jobs generated.
    /// - Throws: `Failure` if a repository or a source cannot be reached.
    func stages(of configured: [(unikernel: UnikernelPackage, opam: String)], for pair: Pair) async throws -> Outcome {
        let column = try columnInputs(of: pair)
        var outcome = Outcome()
        var requests: [Request] = []
        for (unikernel, text) in configured {
            outcome.stages[unikernel.package] = try await stage(of: unikernel) {
                let request = try await request(for: unikernel, text, column)
                requests.append(request)
                outcome.repositories += request.opened.map(\.description).filter { !outcome.repositories.contains($0) }
                return nil
            }
        }
        let answers = try await answers(to: requests, for: pair)
        for request in requests {
            outcome.stages[request.unikernel.package] = try await stage(of: request.unikernel) {
                switch answers[request.unikernel.package] {
                case .lock(var lock)?:
                    for index in lock.sources.indices { try await resolve(&lock.sources[index]) }
                    return planner.stage(of: request.unikernel, generated: request.generated, lock: lock)
                case .obstacle(let reason, let cause)?: return .unlockable(reason, cause)
                case nil: return nil
                }
            }
        }
        return outcome
    }

    /// The result of `body`, or `unlockable` for an error caused by the unikernel, which does not affect other
    /// unikernels.
    private func stage(
        of unikernel: UnikernelPackage, _ body: () async throws -> UnikernelStage?
    ) async throws -> UnikernelStage? {
        do {
            return try await body()
        } catch {
            let failure = Failure(describing: error)
            guard failure.category == .input else { throw error }
            return .unlockable(failure.diagnostics.map(\.message).joined(separator: "\n"))
        }
    }

    // MARK: Requests

    /// A requested lock.
    private struct Request {
        var unikernel: UnikernelPackage
        var generated: OpamFile
        var opened: [RepositoryOpening.Opened]
        var pins: [Pin]
        var key: Key
    }

    /// The inputs of a lock, apart from the program.
    private struct Key: Encodable {
        let unikernel: String
        let generated: Digest
        let column: Digest
        let repositories: [Plan.Repository]
        /// The pins of the matrix with files, and those of the opam file at exact sources.
        let pinned: [String]
    }

    /// The inputs that all locks of a column have in common.
    private struct ColumnInputs {
        let digest: Digest
        let repositories: [Plan.Repository]
        let pinned: [String]
    }

    private func columnInputs(of pair: Pair) throws -> ColumnInputs {
        let stack = PlanInputs.stack(of: loader.matrix, target: pair.target, compiler: pair.compiler)
        return ColumnInputs(
            digest: try planner.lockInputs(of: pair),
            repositories: stack.filter { $0 >= 0 }.map { loaded.repositories[$0].description },
            pinned: loaded.pinned.map { "\($0.pin.name.value).\($0.pin.version) \($0.files.digest)" })
    }

    private func request(
        for unikernel: UnikernelPackage, _ text: String, _ column: ColumnInputs
    ) async throws -> Request {
        let generated: OpamFile
        do {
            generated = try OpamFile(parsing: text, file: "\(unikernel.package).opam")
        } catch {
            throw Failure(.input, "'mirage configure' generated an unusable opam file: \(error)")
        }
        let opened = try await extra.opened(generated, at: unikernel)
        let pins = try await pins(of: generated, at: unikernel)
        let key = Key(
            unikernel: "\(unikernel.package)", generated: Digest(of: text), column: column.digest,
            repositories: opened.map(\.description) + column.repositories,
            pinned: column.pinned
                + pins.map { "\($0.pin.name.value).\($0.pin.version) \($0.exact.url) \($0.exact.checksums)" })
        return Request(unikernel: unikernel, generated: generated, opened: opened, pins: pins.map(\.pin), key: key)
    }

    // MARK: Answers

    private func answers(to requests: [Request], for pair: Pair) async throws -> [PackageVersion: LockAnswer] {
        var answers: [PackageVersion: LockAnswer] = [:]
        var open: [Request] = []
        for request in requests {
            if let known: LockAnswer = try loader.cache.unikernels.value(for: request.key) {
                answers[request.unikernel.package] = known
            } else {
                open.append(request)
            }
        }
        // Requests with the same repositories and pins share their universe and parsed files.
        let groups = Dictionary(grouping: open) { extra.key($0.opened, $0.pins) }
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            for (request, answer) in zip(group, try await locked(group, for: pair)) {
                try loader.cache.unikernels.keep(answer, for: request.key)
                answers[request.unikernel.package] = answer
            }
        }
        return answers
    }

    /// Locks unikernels with the same repositories and pins.
    private func locked(_ group: [Request], for pair: Pair) async throws -> [LockAnswer] {
        guard let first = group.first else { return [] }
        let source: any PackageSource
        do {
            source = try await extra.source(first.opened, first.pins, for: pair)
        } catch let failure as Failure where failure.category == .input {
            let reason = failure.diagnostics.map(\.message).joined(separator: "\n")
            return group.map { _ in .obstacle(reason: reason, cause: nil) }
        }
        let pinned = Set((loaded.pinned.map(\.pin) + first.pins).filter { $0.source != nil }.map(\.name.value))
        let start = ContinuousClock.now
        let locks = try planner.locks(
            of: group.map { Planner.Configured($0.unikernel, $0.generated) }, for: pair, in: source, pinned: pinned)
        logger.debug(
            "locked unikernels",
            metadata: [
                "unikernels": "\(group.map(\.unikernel.package.description).joined(separator: " "))",
                "duration": "\(ContinuousClock.now - start)",
            ])
        return locks
    }

    /// The pins of the opam file that the matrix does not pin, and their exact sources.
    private func pins(
        of generated: OpamFile, at unikernel: UnikernelPackage
    ) async throws -> [(pin: Pin, exact: Source)] {
        let location = unikernel.entry.name.location
        let ofMatrix = Set(loader.matrix.pins.map(\.name.value))
        var pins: [(pin: Pin, exact: Source)] = []
        for wanted in generated.pinDepends where !ofMatrix.contains(wanted.package.name.text) {
            let pin = Pin(
                name: Located(wanted.package.name.text, at: location), version: wanted.package.version.text,
                source: Located(Pin.Source(.url(wanted.url)), at: location))
            pins.append((pin, try await loaded.unpinned.resolve(Source(url: wanted.url), of: "\(wanted.package)")))
        }
        return pins
    }

    /// Resolves a branch of a git repository to a commit.
    private func resolve(_ locked: inout UnikernelLock.LockedSource) async throws {
        let source = Source(url: locked.url, checksums: locked.checksums.compactMap { Checksum($0) })
        guard SourceAddress.moves(source) else { return }
        locked.url = try await loaded.unpinned.resolve(
            source, of: locked.packages.map(\.description).joined(separator: ", ")
        ).url
    }
}
