public import Core
package import Fetching
internal import Foundation
package import Images
package import Layers
internal import Logging
package import Model
internal import OpamFormat
internal import OpamSwitch
package import PluginHost
internal import PluginMessages
public import RunnerInterface
package import SSH
internal import Sandbox
internal import Supervision
internal import Synchronization
package import System

/// Runs jobs in sandboxes on this Linux machine, or on hosts that it reaches by ssh.
public final class LocalRunner: JobRunner {
    /// Creates the log of an attempt. The name identifies the job and the attempt.
    package typealias LogKeeper = @Sendable (_ name: String) throws -> any RunningJobLog

    let directories: WorkerDirectories
    let environments: TargetEnvironments
    let sources: SourceCache
    let layers: LayerStore
    let sharedLayers: (any SharedLayers)?
    let sharedLayerIndex: SharedLayerIndex?
    let systemPackages: SystemPackageLayers
    let remote: RemoteSessions
    let machines: MachineSessions
    let clients: OpamClients
    /// The environment of the programs that build root file systems.
    let environment: ProcessEnvironment
    let states: StateLayers
    private let beginLog: LogKeeper
    let defaultLimits: Limits
    let processors: Int
    private let cacheLimit: Int?
    /// Protects cache entries in use from other processes that trim the cache.
    private let session: Mutex<ScratchDirectory?>

    /// - Parameters:
    ///   - directories: The directories of this worker, which are created if missing and cleared of files of dead
    ///     processes.
    ///   - plugins: The plugins of this worker.
    ///   - sharedLayers: Layers shared between machines; nil to keep layers on this machine.
    ///   - sharedRoots: Root file systems shared between machines; nil to build each on this machine.
    ///   - images: provides the images of targets; nil if no target may have one.
    ///   - sources: The cache of package sources.
    ///   - hosts: The hosts of targets that are not root file systems.
    ///   - environment: The environment of the programs that build root file systems, which contains mirrors and
    ///     proxies.
    ///   - limits: The default limits of jobs.
    ///   - cacheLimit: The size limit of the cache in bytes, enforced while no job runs; nil for no limit.
    ///   - processors: The number of processors that a build may use.
    ///   - beginLog: Creates the log of each attempt at a job.
    /// - Throws: `Failure` if the directories cannot be created.
    package init(
        _ directories: WorkerDirectories, plugins: PluginCatalog, sharedLayers: (any SharedLayers)? = nil,
        sharedRoots: (any SharedRoots)? = nil, images: ImageStore? = nil, sources: SourceCache,
        hosts: HostSettings = HostSettings(),
        environment: ProcessEnvironment,
        limits: Job.Limits? = nil, cacheLimit: Int? = nil,
        processors: Int = ProcessInfo.processInfo.activeProcessorCount, beginLog: @escaping LogKeeper
    ) throws {
        self.directories = directories
        self.sources = sources
        self.sharedLayers = sharedLayers
        sharedLayerIndex = sharedLayers.map { SharedLayerIndex($0) }
        self.environment = environment
        self.beginLog = beginLog
        self.processors = processors
        self.cacheLimit = cacheLimit
        defaultLimits = Limits().narrowed(by: limits)
        layers = directories.layerStore
        environments = TargetEnvironments(
            directories.environmentStore, shared: sharedRoots, images: images, catalog: plugins, variables: environment)
        systemPackages = SystemPackageLayers(directories)
        clients = OpamClients(directories)
        states = StateLayers(scratch: directories.scratch)
        remote = RemoteSessions(hosts, scratch: directories.scratch)
        machines = MachineSessions(
            directories, sources: sources, timeout: hosts.client.timeout, temporary: environment.temporaryDirectory)
        try Files.makeDirectories(directories.cache)
        try directories.adoptOlderLayout()
        for directory in [
            directories.environments, directories.clients, directories.systemLayers, directories.scratch,
            directories.logs,
        ] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        ScratchDirectory.removeLeftovers(in: directories.scratch)
        ScratchDirectory.removeLeftovers(in: directories.logs)
        layers.removeLeftovers()
        directories.systemLayerStore.removeLeftovers()
        // Trim before this process's session protects the existing entries.
        if let cacheLimit { try directories.trimCache(to: cacheLimit) }
        session = Mutex(try directories.usage.beginSession())
        ResourcePreflight.raiseDescriptorLimit()
    }

    /// Removes the least recently used entries from the cache until it is within its limit. Must be called when no job
    /// runs and none will run later.
    package func trimCache() throws(Failure) {
        states.removeAll()
        session.withLock { $0 = nil }
        if let cacheLimit { try directories.trimCache(to: cacheLimit) }
    }

    /// Whether the layer is stored on this machine or among the shared layers.
    public func holds(layer: Digest) -> Bool {
        layers.contains(layer) || sharedLayerIndex?.contains(layer) == true
    }

    /// The disk space, inodes or open files that are missing to start a job.
    public var shortage: String? {
        do {
            try ResourcePreflight.check(directories.scratch)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Checks that the root file systems of `targets` can be built and used by this user.
    ///
    /// - Throws: `Failure` of the category `unavailable` that names what an ordinary user lacks.
    package func requireUsers(for targets: [Plan.Target]) throws(Failure) {
        let areHosted = targets.allSatisfy { target in
            target.machine != nil || (try? remote.hosts.hosts(of: HostedTarget(target)))?.isEmpty == false
        }
        guard !areHosted else { return }
        if let obstacle = SubordinateIDs.obstacle() { throw obstacle }
    }

    /// Runs the job in a sandbox or on a host of its target. All errors become part of the report.
    public func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
        let subject: Logger.Metadata = [
            "job": "\(request.id)", "package": "\(request.job.package)", "target": "\(request.target.name)",
        ]
        logger.debug("job starts", metadata: subject)
        let times = JobTimes()
        var durations = CellResult.Durations()
        var report = JobReport(outcome: .infrastructure, duration: 0)
        do {
            // The name is unique, because another process may run the same job.
            let running = try beginLog("\(request.id).\(UUID().uuidString)")
            defer { if report.log == nil { running.discard() } }
            let log = try JobLog(running.path)
            log.note("\(request.job.package) on \(request.target.name) with \(request.job.compiler)")
            report = await attempt(request, log: log, times, progress)
            durations = CellResult.Durations(
                environment: Self.rounded(times.environment),
                phases: log.secondsByPhase.mapValues { Self.rounded(.seconds($0)) })
            if let reason = report.reason { log.note("\(report.outcome.rawValue): \(reason)") }
            report.systemPackages = log.systemPackages
            if report.outcome != .cancelled { report.log = try await BlockingWork.run { try running.seal() } }
        } catch {
            report = JobReport(endingWith: error)
        }
        report.duration = times.job / .seconds(1)
        report.durations = durations
        logger.debug(
            "job ends",
            metadata: subject.merging([
                "outcome": "\(report.outcome.rawValue)", "on": "\(report.machine ?? "sandbox")",
                "duration": "\(times.job)",
            ]) { $1 })
        return report
    }

    /// A duration in seconds, rounded to milliseconds.
    private static func rounded(_ duration: Duration) -> Double { (duration / .milliseconds(1)).rounded() / 1000 }

    private func attempt(
        _ request: JobRequest, log: JobLog, _ times: JobTimes, _ progress: @escaping @Sendable (JobStep) -> Void
    ) async -> JobReport {
        let here: @Sendable (String) -> Void = { progress(JobStep($0)) }
        let machine = Mutex<String?>(nil)
        var report = JobReport(outcome: .success, duration: 0)
        var pluginFile: Digest?
        do {
            try ResourcePreflight.check(directories.scratch)
            try request.checkFiles()
            let target = try await environments.environment(of: request.target, progress: here)
            pluginFile = target.plugin.identity.digest
            let built: BuiltPackage
            if target.isRemote {
                try await fetch(request, here)
                built = try await use(target, of: request, log: log, progress) { workspace in
                    machine.withLock { $0 = workspace.machine }
                    times.begin()
                    return try await self.build(request, in: target, at: workspace, log: log) { step in
                        progress(JobStep(step, host: workspace.session.host.name))
                    }
                }
            } else {
                machine.withLock { $0 = Machine.ofThisProcess }
                times.begin()
                built = try await build(request, in: target, log: log, here)
            }
            times.end()
            if let layer = built.layer { try await share(layer, here) }
            report.layer = built.layer
            report.overwrites = built.overwrites
            (report.generated, report.image) = (built.generated, built.image)
        } catch {
            report = JobReport(endingWith: error)
        }
        report.reason = report.reason.map(withoutScratchPaths)
        if let error = report.error { report.error?.excerpt = withoutScratchPaths(error.excerpt) }
        report.machine = machine.withLock { $0 }
        report.pluginFile = pluginFile
        return report
    }

    /// `text` without the paths of this worker's scratch directories, which no longer exist when the text is read.
    private func withoutScratchPaths(_ text: String) -> String {
        guard text.contains(directories.scratch) else { return text }
        return text.split(separator: directories.scratch + "/", omittingEmptySubsequences: false).enumerated().map {
            // `PID.START.NUMBER/upper/home/…`
            guard $0.offset > 0 else { return String($0.element) }
            let rest = $0.element.drop { $0 != "/" && $0 != " " && $0 != ":" }
            return String(rest.hasPrefix("/upper/") ? rest.dropFirst("/upper".count) : rest.drop { $0 == "/" })
        }.joined()
    }

    /// Runs `body` with a prepared host of `target`, or a virtual machine of its own.
    func use<Value: Sendable>(
        _ target: TargetEnvironment, of request: JobRequest, log: JobLog,
        _ progress: @escaping @Sendable (JobStep) -> Void, _ body: @Sendable (RemoteWorkspace) async throws -> Value
    ) async throws -> Value {
        if let machine = request.target.machine {
            do {
                return try await machines.use(
                    machine, of: target, environment: request.target.environment, packages: request.allSystemPackages,
                    layer: try await largeLayer(of: request) { progress(JobStep($0)) }, log: log, progress: progress,
                    body)
            } catch let refusal as SystemPackageLayers.Refusal {
                throw refusal.error(
                    by: classifier(for: request, in: target, isRemote: true), own: request.job.systemPackages)
            }
        }
        var hosted = HostedTarget(request.target)
        let paths = target.environment.paths
        hosted.directory = paths.build
        hosted.claims = [paths.opamRoot, paths.home]
        hosted.elevation = target.environment.shell.elevation
        let steps: RemoteSessions.Progress = { progress(JobStep($0, host: $1)) }
        let preparation = HostPreparation(target: target, log: log)
        return try await remote.use(for: hosted, progress: steps, prepare: preparation.prepare) { workspace in
            log.note("on \(workspace.machine)")
            return try await body(workspace)
        }
    }

    /// From this size of its archive on, a layer is sent once into a virtual machine that is saved then.
    private static let largeLayer = 16 << 20

    /// The largest layer of a job's inputs, usually that of the compiler; nil if all are small.
    private func largeLayer(
        of request: JobRequest, _ progress: @Sendable (String) -> Void
    ) async throws -> MachineSessions.SharedLayer? {
        var largest: (digest: Digest, size: Int)?
        for input in request.inputs {
            try await obtain(input.layer, progress)
            let size = FileStatus(layers.object(input.layer))?.size ?? 0
            if size >= max(Self.largeLayer, largest?.size ?? 0) { largest = (input.layer, size) }
        }
        guard let largest else { return nil }
        return MachineSessions.SharedLayer(
            digest: largest.digest, unpacked: try await layers.unpacked(largest.digest))
    }

    /// Fetches the job's sources in advance, so that no host waits for them.
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
        _ request: JobRequest, in target: TargetEnvironment, at workspace: RemoteWorkspace? = nil,
        log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> BuiltPackage {
        do {
            return try await buildOnce(request, in: target, at: workspace, log: log, progress)
        } catch let killed as KilledStep {
            // The workspace on a host cannot be used again.
            guard workspace == nil else { throw MachineFailure("\(killed)") }
            log.note("\(killed), and no limit was reached: the job runs again, in case the machine is the cause")
        }
        do {
            return try await buildOnce(request, in: target, at: workspace, log: log, progress)
        } catch let killed as KilledStep {
            throw killed.failure
        }
    }

    private func classifier(
        for request: JobRequest, in target: TargetEnvironment, isRemote: Bool
    ) -> StepClassifier {
        StepClassifier(
            reader: target.patterns, scratch: directories.scratch,
            limits: defaultLimits.narrowed(by: request.job.limits),
            machine: isRemote ? nil : HostLimits.ofThisProcess())
    }

    private func buildOnce(
        _ request: JobRequest, in target: TargetEnvironment, at workspace: RemoteWorkspace? = nil,
        log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> BuiltPackage {
        let classifier = classifier(for: request, in: target, isRemote: workspace != nil)
        let prepared: PreparedJob
        do {
            prepared = try await JobPreparation(self, request, target, workspace, log: log, progress: progress)
                .prepare()
        } catch let refusal as SystemPackageLayers.Refusal {
            throw refusal.error(by: classifier, own: request.job.systemPackages)
        }
        do {
            let built = try await prepared.strategy.build(request, in: prepared.session, keeping: layers)
            if let damage = prepared.supplied.damage(ofFiles: false) { throw MachineFailure(damage) }
            return built
        } catch let failure as PackageBuild.StepFailure {
            let error = await checked(
                UnikernelOutputs.judged(classifier.error(for: failure), of: request.files), prepared, request)
            if let error = error as? PackageFailure, failure.result.ending == .signalled(SIGKILL) {
                throw KilledStep(name: failure.name, failure: error)
            }
            throw error
        } catch let failure as PackageFailure {
            throw await checked(failure, prepared, request)
        }
    }

    /// Returns a failure of the package, unless a file supplied by the runner was damaged meanwhile.
    private func checked(_ error: any Error, _ prepared: PreparedJob, _ request: JobRequest) async -> any Error {
        guard error is PackageFailure else { return error }
        if let damage = prepared.supplied.damage() { return MachineFailure(damage) }
        guard prepared.remote == nil else { return error }
        guard await environments.isUnchanged(request.target) else {
            let base = prepared.session.target.base
            return MachineFailure("the root file system '\(base)' was changed since it was made")
        }
        if let problem = await prepared.session.problemOfBackend() { return MachineFailure(problem) }
        return error
    }
}

extension HostedTarget {
    fileprivate init(_ target: Plan.Target) {
        self.init(name: target.name, planned: target.host, environment: target.environment)
    }
}

extension JobRequest {
    /// Verifies the digests of the opam files.
    ///
    /// - Throws: `Failure` if they differ.
    fileprivate func checkFiles() throws(Failure) {
        let all = [(job, files)] + inputs.map { ($0.job, $0.files) }
        if let (wrong, _) = all.first(where: { $0.opam != $1.digest }) {
            throw Failure(
                .unavailable,
                "the opam file of \(wrong.package) in the store does not have the digest \(wrong.opam)",
                hint: "try 'ci store verify'")
        }
    }

    /// The package's opam file.
    ///
    /// - Throws: `PackageFailure` if it cannot be parsed.
    func opamFile() throws(PackageFailure) -> OpamFile {
        do {
            return try AssembledSwitch.opamFile(files, of: job.package)
        } catch {
            throw PackageFailure(.configure, error.diagnostics.first?.message ?? error.description)
        }
    }

    /// The system packages of the job and of its dependencies, by the distribution's names, sorted.
    var allSystemPackages: [String] {
        inputs.reduce(into: Set(job.systemPackages)) { $0.formUnion($1.job.systemPackages) }.sorted()
    }
}
