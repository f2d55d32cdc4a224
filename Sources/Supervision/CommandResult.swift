/// How a command ended, and what it used.
public struct CommandResult: Hashable, Sendable {
    /// Why a command is no more.
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        /// By a signal of that number; a shell's status above 128 reads as one.
        case signalled(Int32)
        case timedOut(Clock)
        /// The kernel killed a process of it: together they used up the job's own limit.
        case outOfMemory
        /// The kernel killed a process of it, because the machine, or a group that holds more than the job, had no memory left.
        case hostOutOfMemory
        /// It failed, and had been refused a new process or thread.
        case processLimit
        /// It failed, and the machine had refused it what its own limits allowed; the words name what.
        case hostLimit(String)
        /// It printed more than it may.
        case outputLimit
        /// It wrote more to disk than it may.
        case diskLimit
        /// The disk of the machine is nearly full; the command is not to blame.
        case hostDiskFull
        case cancelled
        /// Something outside of the sandbox killed all of it, by a signal of that number.
        case killedFromOutside(Int32)
        /// It never started: the sandbox could not be made.
        case setupFailed(String)
        /// The connection to the other machine broke.
        case connectionLost(String)
    }

    /// Which time ran out.
    public enum Clock: String, Hashable, Sendable {
        case wall, silence
    }

    /// How the command ended.
    public var ending: Ending
    /// Wall clock from start to end.
    public var duration: Duration
    /// Bytes of output.
    public var outputBytes: Int
    /// The most memory used at a time, in bytes, where it is known.
    public var peakMemory: Int?
    /// Limits that this machine cannot enforce, in words: it has no control group that we may write.
    public var unenforced: [String]
    /// Which limit was passed, and whose it is, in words.
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

    /// Whether the machine is to blame rather than the command: never cached, to be tried again.
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
        case .setupFailed(let reason): "the sandbox could not be made: \(reason)"
        case .connectionLost(let reason): "the connection was lost: \(reason)"
        }
    }
}
