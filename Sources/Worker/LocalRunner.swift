public import Core
package import Documents
internal import Executor
internal import Foundation
internal import OpamFormat
internal import OpamSwitch
package import PluginHost
internal import PluginMessages

/// Runs jobs in sandboxes of this Linux machine.
public final class LocalRunner: JobRunner {
    /// Keeps a finished job's log, and names it.
    public typealias LogKeeper = @Sendable (_ log: [UInt8]) async throws -> Digest

    let folders: WorkerFolders
    let environments: TargetEnvironments
    let sources: SourceCache
    let layers: LayerStore
    let systemPackages: SystemPackageLayers
    private let keepLog: LogKeeper
    let defaultLimits: Limits
    let processors: Int

    /// - Parameters:
    ///   - folders: where this worker keeps things; made if need be, and cleared of what dead processes left.
    ///   - plugins: the plugins of this worker.
    ///   - sources: the cache of the packages' archives.
    ///   - limits: for jobs that have none of their own.
    ///   - processors: that one build is told to use.
    ///   - keepLog: is given every job's log at its end.
    /// - Throws: `Failure` where the folders cannot be made.
    package init(
        _ folders: WorkerFolders, plugins: PluginCatalog, sources: SourceCache, limits: Job.Limits? = nil,
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
        for folder in [folders.environments, folders.systemLayers, folders.scratch, folders.logs] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        ScratchDirectory.removeLeftovers(in: folders.scratch)
        layers.removeLeftovers()
        Headroom.raiseDescriptorLimit()
    }

    public func holds(layer: Digest) -> Bool {
        layers.contains(layer)
    }

    public func run(_ request: JobRequest, progress: @escaping @Sendable (String) -> Void) async -> JobReport {
        let clock = ContinuousClock()
        let start = clock.now
        let path = "\(folders.logs)/\(request.id)"
        var report: JobReport
        do {
            let log = try JobLog(path)
            log.note("\(request.job.package) on \(request.target.name) with \(request.job.compiler)")
            report = await attempt(request, log: log, progress)
            if let reason = report.reason { log.note("\(report.outcome.rawValue): \(reason)") }
            if report.outcome != .cancelled { report.log = try await keepLog(log.contents()) }
        } catch {
            report = JobReport(outcome: .infrastructure, duration: 0)
            report.reason = "\(error)"
        }
        unlink(path)
        let elapsed = clock.now - start
        report.duration = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return report
    }

    private func attempt(_ request: JobRequest, log: JobLog, _ progress: @escaping @Sendable (String) -> Void) async
        -> JobReport
    {
        var reader = LogReader([])
        do {
            try Headroom.check(folders.scratch)
            let target = try await environments.environment(of: request.target, progress: progress)
            reader = target.patterns
            let layer = try await build(request, in: target, log: log, progress)
            var report = JobReport(outcome: .success, duration: 0)
            report.layer = layer
            return report
        } catch {
            return Verdict(error, log: log, reader: reader, scratch: folders.scratch).report
        }
    }

    /// - Returns: the layer; nil for tests.
    private func build(
        _ request: JobRequest, in target: TargetEnvironment, log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> Digest? {
        let prepared = try await prepare(request, in: target, log: log, progress)
        let (session, steps) = (prepared.session, prepared.steps)
        try await prepared.layOut()
        try await session.run(steps, phases: [.configure, .build])
        if request.job.kind == .test {
            try await session.run(steps, phases: [.test])
            return nil
        }
        try await session.run(steps, phases: [.install])
        try await session.installAndRecord(request.files)
        progress("capture")
        return try capture(session.sandbox, of: session.variables.layout)
    }

    /// What lies below the prefix, without what opam itself throws away.
    private func capture(_ sandbox: Sandbox, of layout: SwitchLayout) throws -> Digest {
        let metadata = layout.metadata.drop { $0 == "/" }
        let excluded = ["build", "sources", "lock", "switch-state", "switch-config", "environment"]
        return try layers.capture(
            sandbox, paths: [String(layout.prefix.drop { $0 == "/" })],
            excluding: Set(excluded.map { "\(metadata)/\($0)" })
        ).digest
    }
}

// MARK: Preparing

extension LocalRunner {
    /// A job up to the point where the package's own commands begin.
    struct PreparedJob {
        let session: BuildSession
        let steps: [Step]
        let sources: StagedSources
        /// Lives as long as this.
        let staging: ScratchDirectory

        /// Lays out the package's source in the sandbox.
        func layOut() async throws {
            try await session.layOut(source: sources.archive, isArchive: sources.isArchive, placed: sources.placed)
        }
    }

    /// Brings together all that a job is built from: its inputs' layers, the system packages, the sources, the steps.
    func prepare(
        _ request: JobRequest, in target: TargetEnvironment, log: JobLog,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> PreparedJob {
        let job = request.job
        let assembled = try await assemble(request, in: target)
        let opam = try AssembledSwitch.opamFile(request.files, of: job.package)
        let direct = Set(job.inputs)
        let depends = request.inputs.filter { direct.contains($0.id) }.map { $0.job.package.description }
        let variables = assembled.variables(
            of: job.package, opam: opam, depends: depends.sorted(), withTests: job.kind == .test)
        let recipe = try BuildRecipe(
            of: opam, files: request.files.files, variables: variables, changes: assembled.environmentChanges,
            base: target.environment.environment)

        progress("fetch")
        let staging = try ScratchDirectory(in: folders.scratch)
        let staged = try await StagedSources(recipe, from: sources, in: staging.path)
        let sandbox = try await sandbox(for: request, assembled, in: target, staging: staging, log: log, progress)
        let session = BuildSession(
            recipe: recipe, variables: variables, target: target, sandbox: sandbox, staging: staging.path,
            limits: defaultLimits.narrowed(by: job.limits), log: log, progress: progress)
        let steps = try await target.plugin.steps(
            StepsRequest(
                target: target.request, package: recipe.name, version: recipe.version, build: recipe.build,
                test: recipe.test, install: recipe.install, remove: recipe.remove, sourceDirectory: recipe.directory,
                prefix: assembled.layout.prefix, environment: recipe.environment))
        return PreparedJob(session: session, steps: steps, sources: staged, staging: staging)
    }

    private func assemble(_ request: JobRequest, in target: TargetEnvironment) async throws -> AssembledSwitch {
        var unpacked: [String] = []
        for input in request.inputs {
            unpacked.append(try await layers.unpacked(input.layer))
        }
        return try AssembledSwitch(request, layers: unpacked, in: target, jobs: processors)
    }

    /// The base, the system packages of the closure, the inputs' layers, and opam's state over them.
    private func sandbox(
        for request: JobRequest, _ assembled: AssembledSwitch, in target: TargetEnvironment,
        staging: ScratchDirectory, log: JobLog, _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> Sandbox {
        let names = request.inputs.reduce(into: Set(request.job.systemPackages)) { names, input in
            names.formUnion(input.job.systemPackages)
        }
        let system = try await systemPackages.layer(
            of: names.sorted(), in: target, environment: request.target.environment, log: log, progress: progress)
        let state = "\(staging.path)/state"
        guard mkdir(state, 0o755) == 0 else {
            throw Failure(.infrastructure, "\(state): cannot be created: \(String(cString: strerror(errno)))")
        }
        let direct = Set(request.job.inputs)
        let roots = Set(request.inputs.filter { direct.contains($0.id) }.map(\.job.package))
        try assembled.state(roots: roots).write(below: state, over: target.base, owner: target.buildUser)
        return try Sandbox(
            Sandbox.Layout(
                base: target.base, layers: (system.map { [$0] } ?? []) + [state] + assembled.layers,
                binds: [Sandbox.Bind(staging.path, at: BuildSession.inputs)]),
            in: folders.scratch)
    }
}
