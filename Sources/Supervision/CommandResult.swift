/// How a command ended, and its resource usage.
public struct CommandResult: Hashable, Sendable {
    /// How a command ended.
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        /// Ended by a signal; a shell's exit status above 128 counts as one.
        case signalled(Int32)
        case timedOut(Clock)
        /// The kernel killed one of its processes because the job's memory limit was reached.
        case outOfMemory
        /// The kernel killed one of its processes because the machine, or a control group that contains more than the
        /// job, was out of memory.
        case hostOutOfMemory
        /// It failed after the limit on processes had refused a new process or thread.
        case processLimit
        /// It failed after the machine had refused a resource within the job's own limits; the text names it.
        case hostLimit(String)
        /// It exceeded the limit on output.
        case outputLimit
        /// It exceeded the limit on disk usage.
        case diskLimit
        /// The machine's disk is nearly full, which is not the command's fault.
        case hostDiskFull
        case cancelled
        /// A process outside of the sandbox killed it with a signal.
        case killedFromOutside(Int32)
        /// It never started, because the sandbox could not be set up.
        case setupFailed(String)
        /// The connection to the other machine broke.
        case connectionLost(String)
    }

    /// The kind of a timeout.
    public enum Clock: String, Hashable, Sendable {
        case wall, silence
    }

    /// How the command ended.
    public var ending: Ending
    /// The wall-clock time from start to end.
    public var duration: Duration
    /// Bytes of output.
    public var outputBytes: Int
    /// The most memory used at a time, in bytes, where it is known.
    public var peakMemory: Int?
    /// Limits that this machine cannot enforce, in words: it has no control group that we may write.
    public var unenforced: [String]
    /// The limit that was exceeded and its origin, in words.
    public var detail: String?

    public init(
        ending: Ending, duration: Duration = .zero, outputBytes: Int = 0, peakMemory: Int? = nil,
        unenforced: [String] = []
    ) {
        self.ending = ending
        self.duration = duration
        self.outputBytes = outputBytes
        self.peakMemory = peakMemory
        self.unenforced = unenforced
    }

    /// Whether it ended by itself with status 0.
    public var succeeded: Bool { ending == .exited(0) }

    /// Whether the machine is at fault rather than the command: such a result is never cached and is retried.
    public var isInfrastructure: Bool {
        switch ending {
        case .hostDiskFull, .hostOutOfMemory, .hostLimit, .killedFromOutside, .setupFailed, .connectionLost:
            true
        default: false
        }
    }
}

extension CommandResult.Ending: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "killed by signal \(signal)"
        case .timedOut(.wall): "time limit exceeded"
        case .timedOut(.silence): "no output for too long"
        case .outOfMemory: "out of memory"
        case .hostOutOfMemory: "the machine ran out of memory"
        case .processLimit: "process limit exceeded"
        case .hostLimit(let what): "a limit of the machine was reached: \(what)"
        case .outputLimit: "output limit exceeded"
        case .diskLimit: "disk limit exceeded"
        case .hostDiskFull: "no space left on the machine's disk"
        case .cancelled: "cancelled"
        case .killedFromOutside(let signal): "killed from outside by signal \(signal)"
        case .setupFailed(let reason): "the sandbox could not be set up: \(reason)"
        case .connectionLost(let reason): "the connection was lost: \(reason)"
        }
    }
}
