import Core
import Glibc
import System

/// Runs commands on this machine itself, for the few that create environments: they run as the worker's user with the
/// machine's files, network and privileges.
///
/// bubblewrap gives them a process namespace, so that no process survives the command, or this process.
public enum HostCommand {
    /// Runs `command` to its end. Its user and network settings are ignored.
    ///
    /// - Parameters:
    ///   - watched: directories that count towards the command's disk limit.
    ///   - output: receives its output in pieces on another thread.
    public static func run(
        _ command: Command, watching watched: [String] = [], reserve: Int = 256 << 20,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> CommandResult {
        await Supervisor.run { cancellation in
            do throws(Failure) {
                var limits = command.limits
                // The tools that create root file systems are programs of this machine: no limit on the size of single
                // files.
                if watched.isEmpty { limits.disk = nil }
                let group = ControlGroup.make(for: limits)
                let status = try Pipe()
                let printed = try Pipe()
                let process = try start(command, group, status: status.writing, output: printed.writing)
                let supervisor = Supervisor(
                    process: process, limits: limits, group: group, cancellation: cancellation,
                    disk: DiskWatch(paths: watched, limit: limits.disk, reserve: reserve),
                    report: .bubblewrap)
                return supervisor.run(output: printed.takeReading(), status: status.takeReading(), sink: output)
            } catch {
                return CommandResult(ending: .setupFailed(error.description))
            }
        }
    }

    private static func start(
        _ command: Command, _ group: ControlGroup, status: Int32, output: Int32
    ) throws(Failure) -> pid_t {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let variables = command.environment.merging(["PWD": command.workingDirectory]) { given, _ in given }
        let start = ProcessStart(
            path: try Bubblewrap.path(),
            arguments: [
                "bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "--die-with-parent",
                "--new-session",
                "--json-status-fd", String(status), "--chdir", command.workingDirectory, "--",
            ] + command.program.words,
            environment: variables.map { "\($0.key)=\($0.value)" }.sorted(), input: null, output: output,
            kept: [status], groups: group.membershipFiles, limits: group.resourceLimits)
        return try start.start(Failure.self)
    }
}
