import Core
import Glibc
internal import Logging
public import Supervision
import Synchronization
import System

/// A workspace on a remote host, and the connection that all its commands share.
///
/// The first process of the connection is the workspace's keeper: when the connection ends for any reason, it kills all
/// processes in the workspace and removes it. So no state is needed here for cleaning up there.
///
/// - SeeAlso: `docs/decisions/0058-host-prefix.md`
/// - SeeAlso: `docs/decisions/0065-host-changes.md`
public final class RemoteSession: Sendable {
    /// The host of the session.
    public let host: RemoteHost
    /// The path of the workspace on the host.
    public let workspace: String
    /// The login user's numeric id there.
    public let user: Int
    /// The mark in the environment of every process of the workspace.
    let mark: String
    /// Directories of the host that only this session uses.
    let claims: [String]
    let scratch: ScratchDirectory
    /// Contains the connection's socket.
    private let socket: ScratchDirectory
    private let control: String
    private let keeper: ControlConnection
    private let number = Atomic<Int>(0)

    /// Connects to `host` and creates a workspace.
    ///
    /// - Parameters:
    ///   - directory: a directory on this machine for files to be transferred.
    ///   - claims: absolute paths of directories on the host that only this session uses, because built files contain
    ///     their paths: emptied at the start, removed with the workspace.
    /// - Throws: `RemoteRefusal` with the output of ssh or the host; `Failure` if `host` or a claim is not plain text;
    ///   `CancellationError`.
    public init(_ host: RemoteHost, in directory: String, claiming claims: [String] = []) async throws {
        try host.validate()
        for claim in claims where !isPlainPath(claim) || !claim.hasPrefix("/") || claim.split(separator: "/").count < 2
        {
            throw Failure(.input, "'\(claim)': expected an absolute path of at least two plain names")
        }
        self.host = host
        self.claims = claims
        mark = String(UInt64.random(in: .min ... .max), radix: 36)
        workspace = "\(host.directory)/ciso.\(mark)"
        scratch = try Files.scratchDirectory(in: absolute(directory))
        socket = try ScratchDirectory.temporary(in: host.client.socketDirectory)
        control = "\(socket.path)/s"
        let script = RemoteScript.keeper(host, workspace: workspace, mark: mark, claims: claims)
        keeper = try ControlConnection(host: host, control: control, script: script)
        let start = ContinuousClock.now
        logger.debug("connecting", metadata: ["host": "\(host.name)"])
        user = try await keeper.waitUntilReady(of: host)
        logger.debug(
            "connected", metadata: ["host": "\(host.name)", "duration": "\(ContinuousClock.now - start)"])
    }

    /// Connects to `host`, determines its properties, and disconnects.
    ///
    /// - Parameter directory: a directory on this machine for temporary files.
    /// - Returns: a description for people.
    /// - Throws: like `init`.
    public static func trial(of host: RemoteHost, in directory: String) async throws -> String {
        let scratch = try ScratchDirectory.temporary(in: directory)
        let session = try await RemoteSession(host, in: scratch.path)
        let answer = try await session.answer(to: RemoteScript(PackageResources.describe_host_sh))
        await session.close()
        let lines = answer.textLines
        guard lines.count == 3 else { return answer }
        return "\(lines[0]), as \(lines[1]), \(lines[2]) MiB free at home"
    }

    /// The directory of files that are sent for commands.
    public var inputs: String { "\(workspace)/inputs" }

    /// Whether the connection has ended.
    public var isLost: Bool { keeper.isLost }

    /// Ends the connection, upon which the host removes the workspace.
    public func close() async {
        await keeper.close()
    }

    /// Runs `command` on the host without a sandbox: it has all permissions of the login. Its user ids are not used
    /// there: root is the login with the host's elevation, and finds the login's id in `CISO_LOGIN`; any other user is
    /// the login.
    ///
    /// The limits on time and disk, and those that a shell can set, are enforced on the host, by a watchdog that kills
    /// the command when the connection ends; those on silence and the amount of output are enforced here.
    ///
    /// - Parameter output: receives its output in pieces on another thread.
    public func run(_ command: Command, output: @escaping @Sendable ([UInt8]) -> Void) async -> CommandResult {
        var command = command
        if command.user == .root { command.environment["CISO_LOGIN"] = String(self.user) }
        let script = RemoteScript.watchdog(
            command, workspace: workspace, mark: mark, number: nextNumber(), claims: claims, reserve: host.reserve)
        let elevation = command.user == .root && user != 0 ? host.elevation : []
        let words = words("exec " + (elevation + ["/bin/sh", "-s"]).joined(separator: " "))
        var limits = command.limits
        // The host enforces the time limit; ours is for a host that does not respond.
        limits.time = limits.time.map { $0 + .seconds(20) }
        limits.disk = nil
        let (bounded, variables) = (limits, host.client.environment)
        var result = await Supervisor.run { cancellation in
            do throws(Failure) {
                let input = try Pipe()
                let printed = try Pipe()
                let errors = try Pipe()
                let process = try RemoteSession.start(
                    words, environment: variables, input: input.reading, output: printed.writing, error: errors.writing)
                let controlPipe = input.takeWriting()
                let supervisor = Supervisor(
                    process: process, limits: bounded, group: .none, cancellation: cancellation,
                    disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .watchdog(controlPipe: controlPipe))
                RemoteSession.send(script.text, to: controlPipe)
                return supervisor.run(output: printed.takeReading(), status: errors.takeReading(), sink: output)
            } catch {
                return CommandResult(ending: .setupFailed(error.description))
            }
        }
        result.unenforced = ["memory of all processes together", "number of processes of this command"]
        return result
    }

    /// The reason why steps of root cannot run on this host; nil if they can.
    public func obstacleToRoot() async throws -> String? {
        guard user != 0 else { return nil }
        guard !host.elevation.isEmpty else { return "the login is not root, and nothing makes it root" }
        let words = host.elevation.joined(separator: " ")
        let answer = try await answer(
            to: RemoteScript(PackageResources.try_elevation_sh, arguments: host.elevation))
        guard !answer.hasPrefix("yes") else { return nil }
        let reason = answer.dropFirst(3).split(whereSeparator: \.isNewline).last ?? "it failed"
        return "'\(words)': \(reason)"
    }

    /// Runs an interactive shell on the host: `script` with a terminal.
    ///
    /// - Returns: the shell's exit status.
    public func interact(_ script: String) async throws -> Int32 {
        let file = "\(workspace)/interactive"
        try await write(Array(script.utf8), to: file)
        let isTerminal = isatty(STDIN_FILENO) == 1
        let words = host.words(
            control: control, isMaster: false, terminal: isTerminal, "exec /bin/sh \(file)")
        let variables = host.client.environment
        let result = await Supervisor.run { cancellation in
            do throws(Failure) {
                let process = try RemoteSession.start(
                    words, environment: variables, input: STDIN_FILENO, output: STDOUT_FILENO, error: STDERR_FILENO)
                let supervisor = Supervisor(
                    process: process, limits: Limits(time: nil, silence: nil, disk: nil, output: nil), group: .none,
                    cancellation: cancellation, disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .status)
                return supervisor.run(output: -1, status: -1) { _ in }
            } catch {
                return CommandResult(ending: .setupFailed(error.description))
            }
        }
        guard case .exited(let status) = result.ending else {
            throw Failure(.unavailable, "\(host.name): the shell: \(result.ending)")
        }
        return status
    }

    /// The command line of a client that shares the connection.
    func words(_ remote: String) -> [String] {
        host.words(control: control, isMaster: false, remote)
    }

    func nextNumber() -> Int {
        number.add(1, ordering: .relaxed).newValue
    }

    /// Starts the ssh client; a broken pipe is reported as an error to this thread.
    static func start(
        _ words: [String], environment: [String: String], input: Int32, output: Int32, error: Int32,
        limits: [ProcessStart.ResourceLimit] = []
    ) throws(Failure) -> Int32 {
        guard let path = executable("ssh") else {
            throw Failure(.unavailable, "ssh: not found", hint: "install the OpenSSH client")
        }
        blockBrokenPipe()
        return try ProcessStart(
            path: path, arguments: words, environment: environment.map { "\($0.key)=\($0.value)" }, input: input,
            output: output, error: error, userNamespace: UserNamespace.ofCaller(), limits: limits
        ).start(Failure.self)
    }

    /// Makes writing to a pipe without a reader fail with an error on this thread.
    static func blockBrokenPipe() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    static func send(_ text: String, to descriptor: Int32) {
        send(Array(text.utf8), to: descriptor)
    }

    static func send(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
