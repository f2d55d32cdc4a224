import Archive
public import Core
import Glibc
import Synchronization

/// A workspace on a remote host, and the connection to it that all its commands share.
///
/// The connection's first process is the workspace's keeper: when the connection ends, for whatever reason, it kills what
/// runs in the workspace and removes it. So nothing has to be remembered here to be cleaned up there.
public final class RemoteSession: Sendable {
    public let host: RemoteHost
    /// The directory of the workspace on the host.
    public let workspace: String
    /// What paths given to `send`, `mark` and `capture` are relative to: a directory in the workspace, or the host's root
    /// where directories were claimed.
    public let root: String
    /// What the environment of every process of the workspace holds.
    let mark: String
    let scratch: ScratchDirectory
    private let keeper: RemoteKeeper
    private let number = Atomic<Int>(0)

    /// Connects to `host` and makes a workspace.
    ///
    /// - Parameters:
    ///   - directory: for the connection's socket; its path must be short (the system allows about 100 bytes).
    ///   - claims: directories of the host, absolute, that are this session's alone, because what is built contains their
    ///     paths: emptied at first, removed with the workspace.
    /// - Throws: `Failure` of the kind `infrastructure` with what ssh said, or when another session has one of `claims`;
    ///   `CancellationError`.
    public init(_ host: RemoteHost, in directory: String, claiming claims: [String] = []) async throws {
        try host.validate()
        for claim in claims where !isPlainPath(claim) || !claim.hasPrefix("/") || claim.split(separator: "/").count < 2
        {
            throw Failure(.input, "'\(claim)': expected an absolute path of at least two plain names")
        }
        self.host = host
        mark = String(UInt64.random(in: .min ... .max), radix: 36)
        workspace = "\(host.directory)/ciso.\(mark)"
        root = claims.isEmpty ? "\(workspace)/root" : ""
        scratch = try ScratchDirectory(in: absolute(directory))
        chmod(scratch.path, 0o700)
        let script = RemoteScript.keeper(
            directory: host.directory, workspace: workspace, mark: mark, claims: claims)
        keeper = try RemoteKeeper(
            words: host.words(control: "\(scratch.path)/s", isMaster: true, "exec /bin/sh -s"),
            environment: host.clientEnvironment, script: script)
        try await keeper.waitUntilReady(of: host.destination)
    }

    /// Ends the connection. The host removes the workspace.
    public func close() async {
        await keeper.close()
    }

    /// Runs `command` on the host, in the workspace's `root` or wherever it says, without a sandbox: it can do what the
    /// login can. Its user's numbers mean nothing there: root is the login with the host's elevation, any other the login.
    ///
    /// Time, disk, and what a shell can bound are enforced on the host, by a watchdog that kills the command when the
    /// connection ends; silence and the amount of output are enforced here.
    ///
    /// - Parameter output: is given what it prints, in pieces, on another thread.
    public func run(_ command: Command, output: @escaping @Sendable ([UInt8]) -> Void) async -> CommandResult {
        let number = number.add(1, ordering: .relaxed).newValue
        let script = RemoteScript.watchdog(command, workspace: workspace, mark: mark, number: number)
        let elevation = command.user == .root ? host.elevation : []
        let words = call("exec " + (elevation + ["/bin/sh", "-s"]).joined(separator: " "))
        var limits = command.limits
        // The host's clock decides; ours is for a host that does not answer.
        limits.time = limits.time.map { $0 + .seconds(20) }
        limits.disk = nil
        let (bounded, variables) = (limits, host.clientEnvironment)
        var result = await Supervisor.run { cancellation in
            do throws(Failure) {
                let input = try Pipe()
                let printed = try Pipe()
                let told = try Pipe()
                let process = try RemoteSession.start(
                    words, environment: variables, input: input.reading, output: printed.writing, error: told.writing)
                let lifeline = input.takeWriting()
                let supervisor = Supervisor(
                    process: process, limits: bounded, group: .none, cancellation: cancellation,
                    disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .watchdog(lifeline: lifeline))
                RemoteSession.send(script, to: lifeline)
                return supervisor.run(output: printed.takeReading(), status: told.takeReading(), sink: output)
            } catch {
                return CommandResult(ending: .setupFailed(error.description))
            }
        }
        result.unenforced = ["memory of all processes together", "number of processes of this command alone"]
        return result
    }

    /// Unpacks `archive` (tar, compressed or not) below `path`, relative to the workspace's root.
    ///
    /// - Throws: `Failure` with what the host's tar said.
    public func send(_ archive: String, to path: String = ".") async throws(Failure) {
        guard isPlainPath(path) else { throw Failure(.infrastructure, "'\(path)': not a plain path") }
        let directory = "\(root)/\(path)"
        // Parsed by the login shell, whichever it is: plain words only.
        let words = call("mkdir -p \(directory) && exec tar -xpf - -C \(directory)")
        try await transfer(words, "unpacking \(archive)") { (descriptor: Int32) throws(Failure) in
            do throws(ArchiveError) {
                try expand(archive, to: descriptor)
            } catch {
                // What the system refuses is the host's tar giving up; what it said says why.
                if error.code != .system { throw error.failure }
            }
        }
    }

    /// The contents of a file on the host, at `path` relative to the root.
    ///
    /// - Parameter limit: the most bytes that are read; of a longer file the rest is left out.
    /// - Throws: `Failure` with what the host said when there is no such file.
    public func read(_ path: String, limit: Int = 1 << 20) async throws(Failure) -> [UInt8] {
        let copy = "\(scratch.path)/read.\(number.add(1, ordering: .relaxed).newValue)"
        defer { unlink(copy) }
        try await script("head -c \(limit) < \(shellQuoted("\(root)/\(path)"))\n", into: copy)
        return bytes(of: copy) ?? []
    }

    /// Runs a short script of ours on the host, and keeps what it prints in `file`.
    func script(_ text: String, into file: String) async throws(Failure) {
        try await transfer(call("exec /bin/sh -s"), "running a script", into: file) { RemoteSession.send(text, to: $0) }
    }

    private func call(_ remote: String) -> [String] {
        host.words(control: "\(scratch.path)/s", isMaster: false, remote)
    }

    /// Runs the ssh client with what `feed` writes as its input, and its output in a file.
    private func transfer(
        _ words: [String], _ action: String, into file: String = "/dev/null",
        feed: @escaping @Sendable (Int32) throws(Failure) -> Void
    ) async throws(Failure) {
        let complaint = Mutex("")
        let problem = Mutex<Failure?>(nil)
        let variables = host.clientEnvironment
        let result = await Supervisor.run { cancellation in
            do throws(Failure) {
                let input = try Pipe()
                let told = try Pipe()
                let output = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
                let process = try RemoteSession.start(
                    words, environment: variables, input: input.reading, output: output, error: told.writing)
                Glibc.close(output)
                let supervisor = Supervisor(
                    process: process, limits: Limits(silence: nil, disk: nil), group: .none, cancellation: cancellation,
                    disk: DiskWatch(paths: [], limit: nil, reserve: 0), report: .status)
                let feeding = input.takeWriting()
                do throws(Failure) { try feed(feeding) } catch { problem.withLock { $0 = error } }
                Glibc.close(feeding)
                return supervisor.run(output: told.takeReading(), status: -1) { bytes in
                    complaint.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
                }
            } catch {
                return CommandResult(ending: .setupFailed(error.description))
            }
        }
        if let failure = problem.withLock({ $0 }) { throw failure }
        guard result.succeeded else {
            let text = complaint.withLock { String($0.suffix(500)) }
            throw Failure(.infrastructure, "\(host.destination): \(action): \(result.ending): \(text)")
        }
    }

    /// Starts the ssh client; a broken pipe is an error code for this thread.
    static func start(
        _ words: [String], environment: [String: String], input: Int32, output: Int32, error: Int32
    ) throws(Failure) -> pid_t {
        guard let path = executable("ssh") else {
            throw Failure(.infrastructure, "ssh: not found", hint: "install the OpenSSH client")
        }
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        return try ProcessStart(
            path: path, arguments: words, environment: environment.map { "\($0.key)=\($0.value)" }, input: input,
            output: output, error: error
        ).start()
    }

    static func send(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
