internal import Core
internal import Fetching
internal import Glibc
internal import Layers
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
internal import RunnerInterface
internal import SSH
internal import Sandbox
internal import Supervision
internal import System

/// Prepares a job: collects its inputs' layers, system packages, sources and steps.
struct JobPreparation {
    private let runner: LocalRunner
    private let request: JobRequest
    private let target: TargetEnvironment
    /// The workspace on the host to build on; nil for a sandbox.
    private let workspace: RemoteWorkspace?
    private let log: JobLog
    private let progress: @Sendable (String) -> Void

    init(
        _ runner: LocalRunner, _ request: JobRequest, _ target: TargetEnvironment, _ workspace: RemoteWorkspace? = nil,
        log: JobLog, progress: @escaping @Sendable (String) -> Void
    ) {
        self.runner = runner
        self.request = request
        self.target = target
        self.workspace = workspace
        self.log = log
        self.progress = progress
    }

    /// - Throws: `PackageFailure` if the package's files are invalid; `SystemPackageLayers.Refusal`; `Failure`;
    ///   `CancellationError`.
    func prepare() async throws -> PreparedJob {
        let assembled = try AssembledSwitch(
            request, layers: try await unpackedLayers(), in: target, jobs: runner.processors)
        let variables = try variables(in: assembled)
        let recipe = try recipe(in: assembled, variables)
        if workspace == nil { progress("fetch") }
        let staging = try Files.scratchDirectory(in: runner.directories.scratch)
        let staged = try await PackageFailure.blamingSource {
            try await StagedSources(recipe, from: runner.sources, in: staging.path)
        }
        let client = try await client(for: recipe, in: staging)
        let state = try state(of: assembled)
        let owned = assembled.owned + [OwnedLayer(directory: state.path, owner: OwnedLayer.opam)]
        let (backend, layersUsed) = try await backend(assembled, state, owned, in: staging)
        var supplied = SuppliedInputs(layers: layersUsed, in: runner.layers)
        supplied.add(directory: state.path)
        if client != nil { supplied.add(directory: OpamClient.layer(in: staging)) }
        supplied.add(files: staged.files)
        let session = PackageBuild(
            recipe: recipe, variables: variables, target: target, backend: backend, staged: staged,
            isClient: client != nil, allowedOverwrites: (request.job.allowedOverwrites ?? []).map { Glob($0) },
            limits: runner.defaultLimits.narrowed(by: request.job.limits), log: log, progress: progress)
        let steps = try await target.plugin.steps(
            StepsRequest(
                target: target.request, package: recipe.name, version: recipe.version, build: recipe.build,
                test: recipe.test, install: recipe.install, remove: recipe.remove, sourceDirectory: recipe.directory,
                prefix: assembled.layout.prefix, environment: recipe.environment))
        try checkNetwork(of: steps)
        let strategy: any BuildStrategy =
            client.map { OpamClientStrategy(client: $0, recipeSteps: steps) } ?? RecipeStrategy(steps: steps)
        return PreparedJob(
            session: session, strategy: strategy, supplied: supplied, remote: workspace?.session, staging: staging,
            state: state)
    }

    /// - Throws: `PermanentFailure` if the plugin wants to reach the network from a job in a virtual machine.
    private func checkNetwork(of steps: [Step]) throws {
        guard request.target.machine != nil else { return }
        guard let step = steps.first(where: { $0.network && $0.phase != .remove }) else { return }
        throw PermanentFailure(
            "step '\(step.name)' of the plugin '\(target.request.target)' asks for the network, which a job in a virtual "
                + "machine does not have",
            hint: "only the bootstrap and the installation of system packages have it there")
    }

    /// Unpacks the layers of all inputs.
    private func unpackedLayers() async throws -> [String] {
        var unpacked: [String] = []
        for input in request.inputs {
            try await runner.obtain(input.layer, progress)
            unpacked.append(try await runner.layers.unpacked(input.layer))
        }
        return unpacked
    }

    private func variables(in assembled: AssembledSwitch) throws -> PackageVariables {
        let direct = Set(request.job.inputs)
        let depends = request.inputs.filter { direct.contains($0.id) }.map { $0.job.package.description }
        return assembled.variables(
            of: request.job.package, opam: try request.opamFile(), depends: depends.sorted(),
            withTests: request.job.kind == .test)
    }

    private func recipe(in assembled: AssembledSwitch, _ variables: PackageVariables) throws -> BuildRecipe {
        let opam = try request.opamFile()
        return try PackageFailure.blamingRecipe {
            try BuildRecipe(
                of: opam, files: request.files.files, variables: variables, changes: assembled.environmentChanges,
                base: target.environment.environment)
        }
    }

    /// Lays out the files of the opam client, if it executes the recipe.
    ///
    /// - Returns: The client's step; nil if the runner itself executes the recipe.
    private func client(for recipe: BuildRecipe, in staging: ScratchDirectory) async throws -> Step? {
        guard request.job.engine == .opam else { return nil }
        let client = try OpamClient(target)
        try await runner.clients.check(client, environment: request.target.environment)
        let source = try await PackageFailure.blamingSource {
            try await client.layOut(recipe, from: runner.sources, in: staging.path)
        }
        try client.layOut(request, source: source, in: OpamClient.layer(in: staging))
        return client.step(
            installing: recipe.package, withTests: request.job.kind == .test, jobs: runner.processors)
    }

    // MARK: The backend

    /// - Returns: The backend, and the layers that it uses.
    private func backend(
        _ assembled: AssembledSwitch, _ state: StateLayers.Layer, _ owned: [OwnedLayer], in staging: ScratchDirectory
    ) async throws -> (any BuildBackend, [Digest]) {
        if let workspace {
            let backend = try await sshBackend(assembled, state, owned, on: workspace, in: staging)
            return (backend, request.inputs.map(\.layer))
        }
        let sandbox = try await sandbox(assembled, state, in: staging)
        return (
            SandboxBackend(sandbox: sandbox, target: target, staging: staging.path, owned: owned),
            sandbox.layout.layers.compactMap { runner.layers.digest(ofUnpacked: $0) }
        )
    }

    /// A sandbox over the base, the system packages of the closure, the inputs' layers, and opam's state.
    private func sandbox(
        _ assembled: AssembledSwitch, _ state: StateLayers.Layer, in staging: ScratchDirectory
    ) async throws -> Sandbox {
        let system = try await runner.systemPackages.layer(
            of: request.allSystemPackages, in: target, environment: request.target.environment, log: log,
            progress: progress)
        let devices = try devices()
        return try Sandbox(
            Sandbox.Layout(
                base: target.base,
                layers: (system.map { [$0] } ?? []) + [state.path] + assembled.layers
                    + (request.job.engine == .opam ? [OpamClient.layer(in: staging)] : []),
                binds: [Sandbox.Bind(staging.path, at: SandboxBackend.inputs)] + devices),
            in: runner.directories.scratch)
    }

    /// The devices requested by `x-ciso-device`.
    ///
    /// - Throws: `PermanentFailure` if this machine has none that jobs may use.
    private func devices() throws -> [Sandbox.Bind] {
        // A package of a repository cannot request them, because none has such a version.
        guard request.job.package.backend != nil else { return [] }
        guard try request.opamFile().strings(ofExtension: "x-ciso-device").contains(Self.kvm) else { return [] }
        var status = stat()
        // The build user must have access, and is in no group of this machine.
        guard stat(Self.kvm, &status) == 0, status.st_mode & S_IFMT == S_IFCHR, status.st_mode & 0o006 == 0o006 else {
            throw PermanentFailure(
                Failure(
                    .unavailable, "this machine has no '\(Self.kvm)' that jobs may use",
                    hint: "images for hvt need KVM: chmod 666 \(Self.kvm), or run them on a host reached by ssh"))
        }
        return [Sandbox.Bind(Self.kvm, at: Self.kvm, isDevice: true)]
    }

    private static let kvm = "/dev/kvm"

    /// The corresponding backend on a host, on which system packages are installed permanently.
    private func sshBackend(
        _ assembled: AssembledSwitch, _ state: StateLayers.Layer, _ owned: [OwnedLayer], on workspace: RemoteWorkspace,
        in staging: ScratchDirectory
    ) async throws -> SSHBackend {
        if !workspace.hasSystemPackages {
            try await HostPreparation(target: target, log: log)
                .install(request.allSystemPackages, on: workspace.session, progress: progress)
        }
        progress("layers")
        let backend = SSHBackend(workspace.session, target: target, owned: owned, scratch: staging.path)
        let layers = request.inputs.map(\.layer).compactMap { digest in
            assembled.layers.first { $0.hasSuffix("/\(digest)") }.map { (digest: digest, unpacked: $0) }
        }
        try await backend.layOut(staging: staging.path, state: state.path, layers: layers)
        return backend
    }

    private func state(of assembled: AssembledSwitch) throws(Failure) -> StateLayers.Layer {
        let direct = Set(request.job.inputs)
        let roots = Set(request.inputs.filter { direct.contains($0.id) }.map(\.job.package))
        return try runner.states.layer(
            of: assembled.state(roots: roots),
            directories: target.isRemote ? [] : [BuildProtection.cache(home: target.environment.paths.home)],
            over: target.base, owner: target.buildUser)
    }
}
