internal import Core
internal import Documents
internal import Executor
internal import Foundation
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
internal import Synchronization

/// A target as jobs see it: its plugin, how that describes it, and its root file system on this machine.
struct TargetEnvironment: Sendable {
    var plugin: Plugin
    var request: TargetRequest
    var description: TargetDescription
    var patterns: LogReader
    /// The directory with the root file system; empty where jobs run on hosts.
    var base: String

    var environment: EnvironmentDescription { description.environment }
    var isRemote: Bool { environment.kind == .host }
    var layout: SwitchLayout {
        let root = environment.paths.opamRoot
        return SwitchLayout(root: root)
    }
    var buildUser: Command.User {
        Command.User(
            uid: UInt32(clamping: environment.buildUser.uid ?? Int(Command.User.build.uid)),
            gid: UInt32(clamping: environment.buildUser.gid ?? Int(Command.User.build.gid)))
    }

    /// A step of the plugin as a command of a sandbox.
    func command(_ step: Step, limits: Limits) -> Command {
        Command(
            name: step.name,
            .script(step.script, shell: [environment.shell.path] + environment.shell.arguments),
            user: step.user == .root ? .root : buildUser, network: step.network,
            environment: environment.environment.merging(step.environment) { _, own in own },
            workingDirectory: step.directory ?? environment.paths.home, limits: limits.narrowed(by: step.limits))
    }
}

extension Limits {
    /// These limits where `step` does not say otherwise.
    func narrowed(by step: StepLimits?) -> Limits {
        var limits = self
        if let seconds = step?.time { limits.time = .seconds(seconds) }
        if let seconds = step?.silence { limits.silence = .seconds(seconds) }
        if let bytes = step?.memory { limits.memory = bytes }
        if let bytes = step?.disk { limits.disk = bytes }
        if let bytes = step?.log { limits.output = bytes }
        if let count = step?.processes { limits.processes = count }
        return limits
    }

    /// These limits where the job does not say otherwise.
    func narrowed(by job: Job.Limits?) -> Limits {
        narrowed(
            by: StepLimits(
                time: job?.time, silence: job?.silence, memory: job?.memory, disk: job?.disk, log: job?.log))
    }
}

/// The environments that this worker has, each made when its first job comes.
actor TargetEnvironments {
    private let store: EnvironmentStore
    private let catalog: PluginCatalog
    private var known: [Plan.Target: Task<TargetEnvironment, any Error>] = [:]

    init(_ folder: String, catalog: PluginCatalog) {
        store = EnvironmentStore(folder)
        self.catalog = catalog
    }

    /// The environment of `target`.
    ///
    /// - Parameter progress: is told when a root file system has to be made first, which takes minutes.
    /// - Throws: `Failure`: the plugin is another one than was planned with, or the environment cannot be made.
    func environment(of target: Plan.Target, progress: @escaping @Sendable (String) -> Void) async throws
        -> TargetEnvironment
    {
        if let task = known[target] { return try await task.value }
        let task = Task { try await prepare(target, progress) }
        known[target] = task
        do {
            return try await task.value
        } catch {
            known[target] = nil
            throw error
        }
    }

    private func prepare(_ target: Plan.Target, _ progress: @Sendable (String) -> Void) async throws
        -> TargetEnvironment
    {
        let plugin = try await catalog.plugin(named: target.plugin.name)
        guard plugin.identity.digest == target.plugin.digest else {
            throw Failure(
                .infrastructure,
                "plugin '\(target.plugin.name)': planned with \(target.plugin.digest), this worker has "
                    + "\(plugin.identity.digest)",
                hint: "plan again, or give this worker the plugin that the plan was made with")
        }
        let request = TargetRequest(
            target: target.name, distribution: target.distribution, version: target.version,
            architecture: target.architecture, systemCompiler: target.systemCompiler,
            opamClient: target.engine == .opam ? true : nil,
            options: target.options)
        let description = try await plugin.target(request)
        guard description.environment.kind != .image else {
            throw Failure(
                .infrastructure, "target '\(target.name)': its environment is an image, which this worker cannot run")
        }
        guard target.host == nil || description.environment.kind == .host else {
            throw Failure(
                .infrastructure,
                "target '\(target.name)': the plugin '\(target.plugin.name)' makes root file systems for sandboxes, and "
                    + "the matrix says \(target.host ?? "")", hint: "leave 'run' out")
        }
        var environment = TargetEnvironment(
            plugin: plugin, request: request, description: description,
            patterns: LogReader(try await plugin.patterns()), base: "")
        if environment.isRemote { return environment }
        if store.existing(target.environment) == nil { progress("bootstrap") }
        let steps = description.environment.bootstrap.map { step in
            EnvironmentStore.BootstrapStep(
                step.place == .worker ? .host : .environment, environment.bootstrapCommand(step))
        }
        environment.base = try await store.make(
            target.environment, steps: steps, check: { [environment] in try await environment.probe($0) })
        return environment
    }
}

extension TargetEnvironment {
    static let bootstrapLimits = Limits(
        time: .seconds(3600), silence: .seconds(900), memory: nil, processes: nil, disk: 16 << 30)

    /// A step at the worker sees the worker's own variables: mirrors and proxies are told by them. There is no home yet
    /// to start in.
    fileprivate func bootstrapCommand(_ step: Step) -> Command {
        var command = command(step, limits: Self.bootstrapLimits)
        command.workingDirectory = step.directory ?? "/"
        if step.place == .worker {
            command.program = .script(step.script, shell: ["/bin/sh", "-eu"])
            command.environment = ProcessInfo.processInfo.environment.merging(step.environment) { _, own in own }
        }
        return command
    }

    /// Compares a new root file system with its description.
    fileprivate func probe(_ layout: Sandbox.Layout) async throws {
        guard let step = environment.probe else { return }
        let sandbox = try Sandbox(layout, in: "\(layout.base).probe")
        defer { rmdir("\(layout.base).probe") }
        let said = Mutex("")
        let result = await sandbox.run(command(step, limits: Self.bootstrapLimits)) { bytes in
            said.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        let text = said.withLock { $0 }
        guard result.succeeded else {
            throw Failure(
                .infrastructure, "target '\(request.target)': probing its environment: \(result.ending)\n\(text)")
        }
        try compare(text)
    }

    /// Compares what a probe printed with the description.
    ///
    /// - Throws: `Failure` for the first variable that differs.
    func compare(_ text: String) throws {
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let (name, found) = (String(line[..<equals]), line[line.index(after: equals)...])
            guard let expected = description.variables[name], expected != found else { continue }
            throw Failure(
                .infrastructure,
                "target '\(request.target)': variable '\(name)': the plugin says '\(expected)', the environment "
                    + "says '\(found)'")
        }
    }
}
