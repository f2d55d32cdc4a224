internal import Glibc

/// A program that runs to its end as a child process with only an input and an output: git, a shell.
///
/// It is killed when this process ends in any way. Its descendants are killed with it if it is cancelled or exceeds a
/// limit.
package struct Subprocess: Sendable {
    /// How standard error is handled.
    package enum StandardError: Sendable {
        /// It is merged into the output.
        case joined
        /// Its last bytes are kept separately.
        case apart
    }

    /// The program and its arguments. A name without a slash is searched in the `PATH` of the environment.
    package var words: [String]
    /// All environment variables of the program.
    package var environment: [String: String]
    package var input: [UInt8]
    package var standardError: StandardError
    /// The maximum number of bytes of output; a program that prints more is killed.
    package var outputLimit: Int
    package var timeLimit: Duration?

    package init(
        _ words: [String], environment: [String: String], input: [UInt8] = [], standardError: StandardError = .apart,
        outputLimit: Int = 4 << 20, timeLimit: Duration? = nil
    ) {
        self.words = words
        self.environment = environment
        self.input = input
        self.standardError = standardError
        self.outputLimit = outputLimit
        self.timeLimit = timeLimit
    }

    /// How a program ended.
    package enum TerminationStatus: Hashable, Sendable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)
        /// It was killed because it exceeded the time limit.
        case timedOut
        /// It was killed because it exceeded the output limit.
        case outputLimit
        case cancelled

        package var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signalled(let signal): "killed by signal \(signal)"
            case .timedOut: "time limit exceeded"
            case .outputLimit: "output limit exceeded"
            case .cancelled: "cancelled"
            }
        }
    }

    /// How a program ended, and its output.
    package struct Completion: Hashable, Sendable {
        package var ending: TerminationStatus
        /// The output, limited to `outputLimit` bytes.
        package var output: [UInt8]
        /// The last bytes of standard error if it is separate.
        package var errors: [UInt8]

        /// Whether it exited with status 0.
        package var succeeded: Bool { ending == .exited(0) }
    }

    /// Runs the program to its end on a separate thread. Cancelling the task kills it.
    ///
    /// - Throws: `SystemError` if it cannot be started; `CancellationError`.
    package func run() async throws -> Completion {
        let cancellation = Cancellation()
        let outcome = try await withTaskCancellationHandler {
            try await BlockingWork.run { try wait(until: cancellation) }
        } onCancel: {
            cancellation.cancel()
        }
        if outcome.ending == .cancelled { throw CancellationError() }
        return outcome
    }

    /// Runs the program to its end and blocks the thread, which must not belong to the cooperative pool.
    ///
    /// - Parameter cancellation: kills the program when triggered.
    /// - Throws: `SystemError` if it cannot be started.
    package func wait(until cancellation: Cancellation? = nil) throws(SystemError) -> Completion {
        let output = try PipeEnds<SystemError>()
        let errors = try PipeEnds<SystemError>()
        let input = try AnonymousFile<SystemError>(self.input)
        let process = try ProcessStart(
            path: try program(), arguments: words, environment: environment.map { "\($0.key)=\($0.value)" }.sorted(),
            input: input.descriptor, output: output.writing,
            error: standardError == .joined ? output.writing : errors.writing
        ).start(SystemError.self)
        var running = RunningSubprocess(
            process, output: output.takeReading(), errors: errors.takeReading(), limit: outputLimit)
        return running.wait(
            until: timeLimit.map { .now + $0 }, cancellation: cancellation?.descriptor ?? -1)
    }

    /// The path of the program.
    private func program() throws(SystemError) -> String {
        guard let name = words.first else { throw SystemError("execute", "", ENOENT) }
        if name.utf8.contains(UInt8(ascii: "/")) { return name }
        for directory in (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = "\(directory)/\(name)"
            if access(path, X_OK) == 0, FileStatus(path, followingLinks: true)?.isFile == true { return path }
        }
        throw SystemError("execute", name, ENOENT)
    }
}

/// A child process and its pipes.
private struct RunningSubprocess: ~Copyable {
    private static let errorLimit = 1 << 16
    private let process: pid_t
    private let output: OpenFile<SystemError>
    private let errors: OpenFile<SystemError>
    private let limit: Int
    private var printed: [UInt8] = []
    private var errorOutput: [UInt8] = []
    private var reason: Subprocess.TerminationStatus?

    init(_ process: pid_t, output: Int32, errors: Int32, limit: Int) {
        self.process = process
        self.output = OpenFile(adopting: output, "pipe")
        self.errors = OpenFile(adopting: errors, "pipe")
        self.limit = limit
    }

    mutating func wait(until deadline: ContinuousClock.Instant?, cancellation: Int32) -> Subprocess.Completion {
        let descriptor = ProcessDescriptor(of: process)
        var polled = [output.descriptor, errors.descriptor, descriptor.descriptor, cancellation].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while polled[2].revents == 0, !descriptor.hasEndedUnwatched {
            let left = deadline.map { max(.zero, $0 - .now).millisecondsForPoll }
            let wait = [left, descriptor.pollInterval].compactMap { $0 }.min() ?? -1
            if poll(&polled, nfds_t(polled.count), wait) < 0, errno != EINTR { break }
            if polled[0].revents != 0, !takeOutput() { polled[0].fd = -1 }
            if polled[1].revents != 0, !takeErrors() { polled[1].fd = -1 }
            if polled[3].revents != 0 {
                polled[3].fd = -1
                kill(.cancelled)
            }
            if reason == nil, let deadline, .now >= deadline { kill(.timedOut) }
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        // A descendant may keep the pipes open, so only what has already arrived is read.
        while takeOutput() {}
        while takeErrors() {}
        let signal = status & 0x7f
        let own: Subprocess.TerminationStatus = signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
        return Subprocess.Completion(ending: reason ?? own, output: printed, errors: errorOutput)
    }

    /// Reads what is available; false if there is nothing more at present.
    private mutating func takeOutput() -> Bool {
        let bytes = piece(of: output.descriptor)
        let room = limit - printed.count
        printed += bytes.prefix(room)
        if bytes.count > room, reason == nil { kill(.outputLimit) }
        return !bytes.isEmpty
    }

    private mutating func takeErrors() -> Bool {
        let bytes = piece(of: errors.descriptor)
        errorOutput = (errorOutput + bytes).suffix(Self.errorLimit)
        return !bytes.isEmpty
    }

    private func piece(of descriptor: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, used in
            used = max(0, retrying { read(descriptor, buffer.baseAddress, buffer.count) })
        }
    }

    /// Kills the program and its descendants. Only the first reason is kept.
    private mutating func kill(_ ending: Subprocess.TerminationStatus) {
        reason = reason ?? ending
        // First those that have left the process group: they can be found only while their parents live.
        for descendant in ProcessIdentity.descendants(of: process) { Glibc.kill(descendant, SIGKILL) }
        Glibc.kill(-process, SIGKILL)
        Glibc.kill(process, SIGKILL)
    }
}
