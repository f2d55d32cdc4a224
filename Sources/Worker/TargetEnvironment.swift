internal import Core
internal import LogReading
internal import Model
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
internal import Sandbox
internal import Supervision

/// A target for jobs: its plugin, the plugin's description, and the root file system on this machine.
struct TargetEnvironment: Sendable {
    var plugin: Plugin
    /// The plugin's own description, which lists the options of a matrix.
    var plugged: PluginDescription
    var request: TargetRequest
    var description: TargetDescription
    var patterns: LogReader
    /// The directory with the root file system; empty if jobs run on hosts.
    var base: String

    var environment: EnvironmentDescription { description.environment }
    var isRemote: Bool { environment.kind == .host }
    /// The image from which the root file system is created; nil if there is none.
    var image: ImageReference? { environment.image.flatMap { ImageReference($0) } }
    var layout: SwitchLayout {
        let root = environment.paths.opamRoot
        return SwitchLayout(root: root)
    }
    var buildUser: Command.User {
        Command.User(
            uid: UInt32(clamping: environment.buildUser.uid ?? Int(Command.User.build.uid)),
            gid: UInt32(clamping: environment.buildUser.gid ?? Int(Command.User.build.gid)))
    }

    /// A step of the plugin as a sandbox command.
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
    /// The limits, overridden by those of `step`.
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

    /// The limits, overridden by those of the job.
    func narrowed(by job: Job.Limits?) -> Limits {
        narrowed(
            by: StepLimits(
                time: job?.time, silence: job?.silence, memory: job?.memory, disk: job?.disk, log: job?.log))
    }
}
