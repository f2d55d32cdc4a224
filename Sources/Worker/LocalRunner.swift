public import Core
public import Documents
internal import Executor
package import Fetching
internal import Foundation
internal import OpamFormat
internal import OpamSwitch
package import PluginHost
internal import PluginMessages
internal import Synchronization

/// Runs jobs from this Linux machine: in sandboxes of its own, or on hosts that it reaches by ssh.
public final class LocalRunner: JobRunner {
    /// Keeps a finished job's log, and names it.
    public typealias LogKeeper = @Sendable (_ log: [UInt8]) async throws -> Digest

    let folders: WorkerFolders
    let environments: TargetEnvironments
    let sources: SourceCache
    let layers: LayerStore
    let systemPackages: SystemPackageLayers
    let remote: RemoteSessions
    let clients: OpamClients
    private let keepLog: LogKeeper
    let defaultLimits: Limits
    let processors: Int

    /// - Parameters:
    ///   - folders: where this worker keeps things; made if need be, and cleared of what dead processes left.
    ///   - plugins: the plugins of this worker.
    ///   - sources: the cache of the packages' archives.
    ///   - hosts: where jobs run whose targets are no Linux roots.
    ///   - limits: for jobs that have none of their own.
    ///   - processors: that one build is told to use.
    ///   - keepLog: is given every job's log at its end.
    /// - Throws: `Failure` where the folders cannot be made.
    package init(
        _ folders: WorkerFolders, plugins: PluginCatalog, sources: SourceCache, hosts: HostSettings = HostSettings(),
        limits: Job.Limits? = nil,
        processors: Int = ProcessInfo.processInfo.activeProcessorCount, keepLog: @escaping LogKeeper
    ) throws {
        self.folders = folders
        self.sources = sources
        self.keepLog = keepLog
        self.processors = processors
        defaultLimits = Limits().narrowed(by: limits)
        layers = LayerStore(folders.layers)
        environments = TargetEnvironments(folders.environments, catalog: plugins)
        systemPackages = SystemPackageLayers(folders, layers: layers)
        clients = OpamClients(folders)
        remote = RemoteSessions(hosts, scratch: folders.scratch)
        for folder in [folders.environments, folders.clients, folders.systemLayers, folders.scratch, folders.logs] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        ScratchDirectory.removeLeftovers(in: folders.scratch)
        ScratchDirectory.removeLeftovers(in: folders.logs)
        layers.removeLeftovers()
        ResourcePreflight.raiseDescriptorLimit()
    }

    public func holds(layer: Digest) -> Bool {
        layers.contains(layer)
    }

    /// A target's hosts run one job each, however many run here.
    public func lane(of target: Plan.Target) -> Lane? {
        guard let hosts = try? remote.hosts.hosts(of: target), !hosts.isEmpty else { return nil }
        return Lane(name: hosts.map(\.description).sorted().joined(separator: " "), slots: hosts.count)
    }

    /// Checks that the root file systems of `targets` can be made and used here.
    ///
    /// - Throws: `Failure` of the kind `infrastructure` that says what an ordinary user lacks.
    package func requireUsers(for targets: [Plan.Target]) throws(Failure) {
        guard targets.contains(where: { lane(of: $0) == nil }) else { return }
        if let obstacle = SubordinateIDs.obstacle() { throw obstacle }
    }

    public func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
        let clock = ContinuousClock()
        let start = Mutex(clock.now)
        var report: JobReport
        do {
            // Another process may run the same job.
            let folder = try ScratchDirectory(in: folders.logs)
            defer { withExtendedLifetime(folder) {} }
            let log = try JobLog("\(folder.path)/\(request.id)")
            log.note("\(request.job.package) on \(request.target.name) with \(request.job.compiler)")
            // Making a root file system is no part of the job that happens to need it first.
            report = await attempt(request, log: log, progress) { start.withLock { $0 = clock.now } }
            if let reason = report.reason { log.note("\(report.outcome.rawValue): \(reason)") }
            if report.outcome != .cancelled { report.log = try await keepLog(log.contents()) }
        } catch {
            report = JobReport(outcome: .infrastructure, duration: 0)
            report.reason = "\(error)"
        }
        let elapsed = clock.now - start.withLock { $0 }
        report.duration = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return report
    }

    /// - Parameter ready: called once the target's environment is there.
    private func attempt(
        _ request: JobRequest, log: JobLog, _ progress: @escaping @Sendable (JobStep) -> Void, ready: () -> Void
    ) async -> JobReport {
        let here: @Sendable (String) -> Void = { progress(JobStep($0)) }
        let machine = Mutex<String?>(nil)
        var report = JobReport(outcome: .success, duration: 0)
        do {
            try ResourcePreflight.check(folders.scratch)
            try request.checkFiles()
            let target = try await environments.environment(of: request.target, progress: here)
            let built: BuiltPackage
            ready()
            if target.isRemote {
                try await fetch(request, here)
                built = try await remote.use(for: target, request.target, log: log, progress: progress) {
                    workshop in
                    machine.withLock { $0 = workshop.machine }
                    return try await self.build(request, in: target, at: workshop, log: log) { step in
                        progress(JobStep(step, host: workshop.session.host.name))
                    }
                }
            } else {
                built = try await build(request, in: target, log: log, here)
            }
            report.layer = built.layer
            report.overwrites = built.overwrites
        } catch {
            report = Verdict(error).report
        }
        report.reason = report.reason.map(withoutScratchPaths)
        report.machine = machine.withLock { $0 }
        return report
    }

    /// `text` without the directories of this worker's own that are gone when somebody reads it.
    private func withoutScratchPaths(_ text: String) -> String {
        guard text.contains(folders.scratch) else { return text }
        return text.split(separator: folders.scratch + "/", omittingEmptySubsequences: false).enumerated().map {
            // `PID.START.NUMBER/upper/home/…`
            guard $0.offset > 0 else { return String($0.element) }
            let rest = $0.element.drop { $0 != "/" && $0 != " " && $0 != ":" }
            return String(rest.hasPrefix("/upper/") ? rest.dropFirst("/upper".count) : rest.drop { $0 == "/" })
        }.joined()
    }

    /// Fetches the job's sources, so that no host waits for them.
    private func fetch(_ request: JobRequest, _ progress: @Sendable (String) -> Void) async throws {
        progress("fetch")
        let opam = try request.opamFile()
        for source in [opam.url].compactMap({ $0 }) + opam.extraSources.map(\.source) {
            _ = try await PackageFailure.blamingSource {
                try await sources.file(source, of: request.job.package.description)
            }
        }
    }

    private func build(
        _ request: JobRequest, in target: TargetEnvironment, at workshop: RemoteSessions.RemoteWorkspace? = nil,
        log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> BuiltPackage {
        do {
            return try await buildOnce(request, in: target, at: workshop, log: log, progress)
        } catch let killed as KilledStep {
            // Its place on a host is used up.
            guard workshop == nil else { throw MachineFailure("\(killed)") }
            log.note("\(killed), and no limit was reached: the job runs again, to tell the package from the machine")
        }
        do {
            return try await buildOnce(request, in: target, at: workshop, log: log, progress)
        } catch let killed as KilledStep {
            throw killed.failure
        }
    }

    private func buildOnce(
        _ request: JobRequest, in target: TargetEnvironment, at workshop: RemoteSessions.RemoteWorkspace? = nil,
        log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> BuiltPackage {
        let classifier = StepClassifier(
            reader: target.patterns, scratch: folders.scratch,
            limits: defaultLimits.narrowed(by: request.job.limits),
            machine: workshop == nil ? HostLimits.ofThisProcess() : nil)
        let prepared: PreparedJob
        do {
            prepared = try await prepare(request, in: target, at: workshop, log: log, progress)
        } catch let refusal as SystemPackageLayers.Refusal {
            throw refusal.error(by: classifier, own: request.job.systemPackages)
        }
        do {
            let built = try await build(request, prepared, progress)
            if let damage = prepared.supplied.damage(ofFiles: false) { throw MachineFailure(damage) }
            return built
        } catch let failure as PackageBuild.StepFailure {
            let error = await checked(classifier.error(for: failure), prepared, request)
            if let error = error as? PackageFailure, failure.result.ending == .signalled(SIGKILL) {
                throw KilledStep(name: failure.name, failure: error)
            }
            throw error
        } catch let failure as PackageFailure {
            throw await checked(failure, prepared, request)
        }
    }

    /// A failure of the package's, unless something that the runner supplied was damaged meanwhile.
    private func checked(_ error: any Error, _ prepared: PreparedJob, _ request: JobRequest) async -> any Error {
        guard error is PackageFailure else { return error }
        if let damage = prepared.supplied.damage() { return MachineFailure(damage) }
        guard prepared.remote == nil else { return error }
        guard await environments.isUnchanged(request.target) else {
            let base = prepared.session.target.base
            return MachineFailure("the root file system '\(base)' was changed since it was made")
        }
        if let problem = await prepared.session.problemOfPlace() { return MachineFailure(problem) }
        return error
    }

    private func build(
        _ request: JobRequest, _ prepared: PreparedJob, _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> BuiltPackage {
        let (session, steps) = (prepared.session, prepared.steps)
        if let client = prepared.client { return try await build(by: client, request, prepared, progress) }
        try await prepared.layOut()
        try await session.run(steps, phases: [.configure, .build])
        if request.job.kind == .test {
            try await session.run(steps, phases: [.test])
            return BuiltPackage()
        }
        try await session.run(steps, phases: [.install])
        let overwrites = try await session.installAndRecord(request.files)
        return BuiltPackage(layer: try await session.capture(into: layers), overwrites: overwrites)
    }
}

/// What a job that succeeded leaves.
struct BuiltPackage: Sendable {
    /// Nil for tests.
    var layer: Digest?
    /// Files of other packages that it changed, and that the matrix lets it change.
    var overwrites: [CellResult.Overwrite] = []
}

// MARK: Preparing

extension LocalRunner {
    /// A job up to the point where the package's own commands begin.
    struct PreparedJob {
        let session: PackageBuild
        let steps: [Step]
        /// The one step that is taken instead, where the opam client carries out the recipe.
        let client: Step?
        let sources: StagedSources
        /// What the runner laid out for it.
        let supplied: SuppliedInputs
        /// The host, where it is no sandbox.
        let remote: RemoteSession?
        /// Lives as long as this.
        let staging: ScratchDirectory

        /// Lays out the package's source in the sandbox.
        func layOut() async throws {
            try await session.layOut(source: sources.archive, placed: sources.placed)
        }
    }

    /// Brings together all that a job is built from: its inputs' layers, the system packages, the sources, the steps.
    ///
    /// - Parameter workshop: the host to build on; nil for a sandbox.
    func prepare(
        _ request: JobRequest, in target: TargetEnvironment, at workshop: RemoteSessions.RemoteWorkspace? = nil,
        log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> PreparedJob {
        let job = request.job
        let unpacked = try await unpackedLayers(of: request)
        let assembled = try AssembledSwitch(request, layers: unpacked, in: target, jobs: processors)
        let opam = try request.opamFile()
        let direct = Set(job.inputs)
        let depends = request.inputs.filter { direct.contains($0.id) }.map { $0.job.package.description }
        let variables = assembled.variables(
            of: job.package, opam: opam, depends: depends.sorted(), withTests: job.kind == .test)
        let recipe = try PackageFailure.blamingRecipe {
            try BuildRecipe(
                of: opam, files: request.files.files, variables: variables, changes: assembled.environmentChanges,
                base: target.environment.environment)
        }

        if workshop == nil { progress("fetch") }
        let staging = try ScratchDirectory(in: folders.scratch)
        let staged = try await PackageFailure.blamingSource {
            try await StagedSources(recipe, from: sources, in: staging.path)
        }
        let client = try await client(for: request, recipe, in: target, staging: staging)
        let owned = assembled.owned + [OwnedLayer(directory: "\(staging.path)/state", owner: OwnedLayer.opam)]
        let place: any BuildBackend
        var layersUsed = request.inputs.map(\.layer)
        if let workshop {
            place = try await remotePlace(
                for: request, assembled, owned, in: target, at: workshop, staging: staging, log: log, progress)
        } else {
            let sandbox = try await sandbox(for: request, assembled, in: target, staging: staging, log: log, progress)
            layersUsed = sandbox.layout.layers.compactMap { layers.digest(ofUnpacked: $0) }
            place = SandboxBackend(sandbox: sandbox, target: target, staging: staging.path, owned: owned)
        }
        var supplied = SuppliedInputs(layers: layersUsed, in: layers)
        supplied.add(directory: "\(staging.path)/state")
        if client != nil { supplied.add(directory: OpamClient.layer(in: staging)) }
        supplied.add(files: staged.files)
        let session = PackageBuild(
            recipe: recipe, variables: variables, target: target, place: place, staged: staged,
            isClient: client != nil, allowedOverwrites: (job.allowedOverwrites ?? []).map { Glob($0) },
            limits: defaultLimits.narrowed(by: job.limits), log: log, progress: progress)
        let steps = try await target.plugin.steps(
            StepsRequest(
                target: target.request, package: recipe.name, version: recipe.version, build: recipe.build,
                test: recipe.test, install: recipe.install, remove: recipe.remove, sourceDirectory: recipe.directory,
                prefix: assembled.layout.prefix, environment: recipe.environment))
        return PreparedJob(
            session: session, steps: steps, client: client, sources: staged, supplied: supplied,
            remote: workshop?.session, staging: staging)
    }

    /// Unpacks the layers of all inputs.
    private func unpackedLayers(of request: JobRequest) async throws -> [String] {
        var unpacked: [String] = []
        for input in request.inputs {
            unpacked.append(try await layers.unpacked(input.layer))
        }
        return unpacked
    }

    /// The base, the system packages of the closure, the inputs' layers, and opam's state over them.
    private func sandbox(
        for request: JobRequest, _ assembled: AssembledSwitch, in target: TargetEnvironment,
        staging: ScratchDirectory, log: JobLog, _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> Sandbox {
        let system = try await systemPackages.layer(
            of: request.allSystemPackages, in: target, environment: request.target.environment, log: log,
            progress: progress)
        let state = try writeState(of: assembled, for: request, in: target, staging)
        return try Sandbox(
            Sandbox.Layout(
                base: target.base,
                layers: (system.map { [$0] } ?? []) + [state] + assembled.layers
                    + (request.job.engine == .opam ? [OpamClient.layer(in: staging)] : []),
                binds: [Sandbox.Bind(staging.path, at: SandboxBackend.inputs)]),
            in: folders.scratch)
    }

    /// The same on a host, whose system packages are its own.
    private func remotePlace(
        for request: JobRequest, _ assembled: AssembledSwitch, _ owned: [OwnedLayer], in target: TargetEnvironment,
        at workshop: RemoteSessions.RemoteWorkspace, staging: ScratchDirectory, log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> SSHBackend {
        let session = workshop.session
        try await remote.install(request.allSystemPackages, on: session, for: target, log: log, progress: progress)
        progress("layers")
        let state = try writeState(of: assembled, for: request, in: target, staging)
        let place = SSHBackend(
            session, target: target, owned: owned, scratch: staging.path)
        let layers = request.inputs.map(\.layer).compactMap { digest in
            assembled.layers.first { $0.hasSuffix("/\(digest)") }.map { (digest: digest, unpacked: $0) }
        }
        try await place.layOut(staging: staging.path, state: state, layers: layers)
        return place
    }

    private func writeState(
        of assembled: AssembledSwitch, for request: JobRequest, in target: TargetEnvironment,
        _ staging: ScratchDirectory
    ) throws -> String {
        let state = "\(staging.path)/state"
        let direct = Set(request.job.inputs)
        let roots = Set(request.inputs.filter { direct.contains($0.id) }.map(\.job.package))
        let layer = StateLayer(state, over: target.base, owner: target.buildUser)
        try layer.write(assembled.state(roots: roots))
        if !target.isRemote { try layer.write(directory: BuildProtection.cache(home: target.environment.paths.home)) }
        return state
    }
}

extension JobRequest {
    /// Compares the opam files with their digests.
    ///
    /// - Throws: `Failure` where the store gave others.
    fileprivate func checkFiles() throws(Failure) {
        let all = [(job, files)] + inputs.map { ($0.job, $0.files) }
        if let (wrong, _) = all.first(where: { $0.opam != $1.digest }) {
            throw Failure(
                .infrastructure,
                "the opam file of \(wrong.package) in the store does not have the digest \(wrong.opam)",
                hint: "try 'ci store verify'")
        }
    }

    /// The package's opam file.
    ///
    /// - Throws: `PackageFailure` where it cannot be read.
    func opamFile() throws(PackageFailure) -> OpamFile {
        do {
            return try AssembledSwitch.opamFile(files, of: job.package)
        } catch {
            throw PackageFailure(.configure, error.diagnostics.first?.message ?? error.description)
        }
    }

    /// The system packages of the job and of all that it is built over, as the distro names them, sorted.
    fileprivate var allSystemPackages: [String] {
        inputs.reduce(into: Set(job.systemPackages)) { $0.formUnion($1.job.systemPackages) }.sorted()
    }
}
