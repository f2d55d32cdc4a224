internal import Core
internal import Foundation
internal import Images
internal import Layers
internal import LogReading
internal import Model
internal import PluginHost
internal import PluginMessages
internal import Sandbox
internal import Supervision
internal import System

/// The environments of this worker, each built when its first job arrives.
///
/// A failure to build one is remembered for the run: all further jobs that need it fail at once with the same reason.
///
/// - SeeAlso: `docs/decisions/0145-failed-environments.md`
actor TargetEnvironments {
    private let store: EnvironmentStore
    private let shared: (any SharedRoots)?
    private let images: ImageStore?
    private let catalog: PluginCatalog
    private let variables: ProcessEnvironment
    private let attempts: Int
    private let backoff: ExponentialBackoff
    private let known = AsyncMemo<Plan.Target, TargetEnvironment>()
    private var failed: [Digest: PermanentFailure] = [:]

    /// - Parameters:
    ///   - shared: Root file systems shared between machines; nil to build each on this machine.
    ///   - images: provides images; nil if no target may have one.
    ///   - variables: The environment of the programs that build root file systems.
    ///   - attempts: The maximum number of attempts if the network, a mirror or the machine fails.
    ///   - backoff: The pauses between the attempts.
    init(
        _ store: EnvironmentStore, shared: (any SharedRoots)? = nil, images: ImageStore? = nil, catalog: PluginCatalog,
        variables: ProcessEnvironment, attempts: Int = 3,
        backoff: ExponentialBackoff = ExponentialBackoff(.seconds(2), limit: .seconds(60))
    ) {
        self.store = store
        self.shared = shared
        self.images = images
        self.catalog = catalog
        self.variables = variables
        self.attempts = attempts
        self.backoff = backoff
    }

    /// The environment of `target`.
    ///
    /// - Parameter progress: Called if a root file system must be built first, which takes minutes.
    /// - Throws: `PermanentFailure` if the plugin is not the planned one or the environment cannot be built.
    func environment(of target: Plan.Target, progress: @escaping @Sendable (String) -> Void) async throws
        -> TargetEnvironment
    {
        if let failure = failed[target.environment] { throw failure }
        do {
            return try await known.value(for: target) { try await self.prepareRepeatedly(target, progress) }
        } catch let error as CancellationError {
            // The cancelled job ends here; others continue to wait for the same environment.
            throw error
        } catch {
            let failure = PermanentFailure(of: error)
            failed[target.environment] = failure
            throw failure
        }
    }

    /// Whether the target's root file system is undamaged. If it is not, the next job that needs it rebuilds it.
    func isUnchanged(_ target: Plan.Target) -> Bool {
        if store.isUnchanged(target.environment) { return true }
        known.forget(target)
        return false
    }

    private func prepareRepeatedly(_ target: Plan.Target, _ progress: @Sendable (String) -> Void) async throws
        -> TargetEnvironment
    {
        var attempt = 1
        while true {
            do {
                return try await prepare(target, progress)
            } catch let failure as Failure where failure.category == .unavailable && attempt < attempts {
                progress("bootstrap failed, attempt \(attempt) of \(attempts)")
                try await Task.sleep(for: backoff.delay(after: attempt))
                attempt += 1
            }
        }
    }

    /// - Throws: `PermanentFailure`; `Failure`, which may be retried if it is an infrastructure failure.
    private func prepare(_ target: Plan.Target, _ progress: @Sendable (String) -> Void) async throws
        -> TargetEnvironment
    {
        let plugin = try await catalog.plugin(named: target.plugin.name)
        let request = TargetRequest(
            target: target.name, distribution: target.distribution, version: target.version,
            architecture: target.architecture, systemCompiler: target.systemCompiler,
            opamClient: target.engine == .opam ? true : nil,
            options: target.options)
        let answers = try await plugin.answersDigest(for: request)
        guard answers == target.plugin.digest else {
            throw PermanentFailure(
                "plugin '\(target.plugin.name)': planned with the answers \(target.plugin.digest), this worker's plugin "
                    + "gives \(answers)",
                hint: "plan again, or give this worker the plugin that the plan was made with")
        }
        var description = try await plugin.target(request)
        if description.environment.kind == .image { try description.take(target.image) }
        guard target.host == nil && target.machine == nil || description.environment.kind == .host else {
            throw PermanentFailure(
                "target '\(target.name)': the plugin '\(target.plugin.name)' makes root file systems for sandboxes, and "
                    + "the matrix says \(target.host ?? "vm")", hint: "leave 'run' out")
        }
        var environment = TargetEnvironment(
            plugin: plugin, plugged: try await plugin.describe(), request: request, description: description,
            patterns: LogReader(try await plugin.patterns()), base: "")
        if environment.isRemote { return environment }
        if let obstacle = SubordinateIDs.obstacle() { throw PermanentFailure(obstacle) }
        if shared == nil, store.existing(target.environment) == nil {
            try environment.checkTools(in: variables.programDirectories)
        }
        environment.base = try await makeBase(of: environment, target.environment, progress)
        return environment
    }

    private func makeBase(
        of environment: TargetEnvironment, _ digest: Digest, _ progress: @Sendable (String) -> Void
    ) async throws -> String {
        let steps = environment.environment.bootstrap.map { step in
            BootstrapStep(
                step.place == .worker ? .host : .environment, environment.bootstrapCommand(step, variables))
        }
        let sharing = RootSharing(shared, store, digest)
        let (image, request) = (environment.image, environment.request)
        do {
            let root = try await store.make(
                digest, recipe: try environment.recipe(),
                obtain: { root in
                    if try await sharing?.obtain(root) == true { return true }
                    // Without sharing, they have already been checked.
                    if shared != nil { try environment.checkTools(in: variables.programDirectories) }
                    return false
                },
                base: { root in
                    guard let image else { return }
                    progress("pull")
                    try await lay(image, for: request.architecture, in: root)
                    progress("bootstrap")
                },
                steps: steps, check: { try await environment.probe($0) }, begin: { progress("bootstrap") })
            await sharing?.share(root)
            return root
        } catch let failure as BootstrapFailure {
            throw environment.explained(failure)
        }
    }
}

// MARK: Images

extension TargetEnvironments {
    /// Fills an empty directory with the layers of an image.
    ///
    /// - Throws: `PermanentFailure` if another attempt would fail for the same reason.
    private func lay(_ image: ImageReference, for architecture: String, in root: String) async throws {
        guard let images else { throw PermanentFailure("image '\(image)': this worker pulls no images") }
        do {
            let resolved = try await images.resolve(image, architecture: architecture)
            var tree = ImageRoot(in: root)
            try await images.forEachLayer(of: resolved) { layer in
                tree = try await BlockingWork.run { [tree] in
                    var next = tree
                    try next.add(layer.archive, named: layer.name, contents: layer.contents)
                    return next
                }
            }
            tree.addMountPoints()
        } catch let failure as Failure where failure.category == .input {
            throw PermanentFailure(failure)
        }
    }
}

extension TargetDescription {
    /// Adds the plan's information about the environment's image. Variables set by the plugin take precedence over
    /// those of the image.
    ///
    /// - Throws: `PermanentFailure` if the plan has no information about the image.
    fileprivate mutating func take(_ image: Plan.Image?) throws {
        guard let image else {
            throw PermanentFailure(
                "target '\(target)': its environment is an image, but the plan does not say which", hint: "plan again")
        }
        environment.image = image.reference
        environment.environment = image.variables.merging(environment.environment) { $1 }
    }
}

extension PermanentFailure {
    /// The permanent failure for an error that prevents creating an environment.
    fileprivate init(of error: any Error) {
        switch error {
        case let error as PermanentFailure: self = error
        case let error as any ClassifiedError: self.init(error.failure)
        default: self.init("making the environment: \(Failure(describing: error))")
        }
    }
}
