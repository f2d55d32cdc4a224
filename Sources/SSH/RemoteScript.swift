import Archive
import Core
internal import ShellQuoting
import Supervision

/// A shell script of `Scripts/` with values for its parameters, which is sent as the standard input of `/bin/sh`.
///
/// The scripts conform to POSIX and are tested with dash, mksh and bash. The login shell does not interpret them; when
/// the input ends, the connection has ended. The whole script is a function, so that the shell has read all of it
/// before running it: only some shells read ahead. A script's own messages are lines that begin with `ciso: `.
struct RemoteScript {
    let text: String

    /// - Parameters:
    ///   - body: the script.
    ///   - libraries: scripts that define functions for it.
    ///   - variables: the values of its parameters by name.
    ///   - paths: the values of further parameters.
    ///   - arguments: the values of `"$@"`.
    ///   - launch: the command that the function `launch` executes.
    init(
        _ body: [UInt8], using libraries: [[UInt8]] = [], _ variables: KeyValuePairs<String, String> = [:],
        paths: KeyValuePairs<String, FilePath> = [:], arguments: [String] = [], launching launch: [String]? = nil
    ) {
        var lines = ["main() {"]
        lines.append(ShellWord.assignments(variables))
        lines += paths.map { "\($0.key)=\(ShellWord.quoted($0.value))" }
        lines.append((["set --"] + arguments.map(ShellWord.quoted)).joined(separator: " "))
        if let launch { lines += ["launch() {", "exec \(launch.map(ShellWord.quoted).joined(separator: " "))", "}"] }
        lines += (libraries + [body]).map { String(decoding: $0, as: UTF8.self) }
        lines += ["}", "main", ""]
        text = lines.joined(separator: "\n")
    }

    /// Creates the workspace and removes it at the end.
    ///
    /// - Parameter claims: directories on the host that belong to this workspace alone. While another workspace exists,
    ///   one that shares a directory with it is refused.
    static func keeper(_ host: RemoteHost, workspace: String, mark: String, claims: [String]) -> RemoteScript {
        RemoteScript(
            PackageResources.keeper_sh, using: [PackageResources.sweep_sh, PackageResources.free_sh],
            [
                "base": host.directory, "work": workspace, "mark": mark, "reserve": "\(host.reserve >> 10)",
                "pause": "\(max(1, host.client.timeout / 4))",
            ], arguments: claims)
    }

    /// Runs a command and enforces the limits that a shell can enforce.
    static func watchdog(
        _ command: Command, workspace: String, mark: String, number: Int, claims: [String], reserve: Int
    ) -> RemoteScript {
        let limits = command.limits
        let variables = command.environment.merging(["CISO_MARK": mark]) { _, ours in ours }
            .map { "\($0.key)=\($0.value)" }.sorted()
        func optional(_ number: Int?) -> String { number.map(String.init) ?? "" }
        return RemoteScript(
            PackageResources.watchdog_sh, using: [PackageResources.sweep_sh, PackageResources.free_sh],
            [
                "work": workspace, "mark": mark, "ending": "\(workspace)/ending.\(number)",
                "directory": command.workingDirectory, "reserve": "\(reserve >> 10)",
                "seconds": "\(limits.time.map { max(1, $0.components.seconds) } ?? 1 << 40)",
                "disk": "\(limits.disk.map { $0 >> 10 } ?? 1 << 50)", "files": optional(limits.openFiles),
                "memory": optional(limits.memory.map { $0 >> 10 }), "blocks": optional(limits.disk.map { $0 >> 9 }),
                "processes": optional(limits.processes),
            ], arguments: claims, launching: ["env", "-i"] + variables + command.program.words)
    }
}
