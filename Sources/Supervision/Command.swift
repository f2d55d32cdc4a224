/// One thing to run in an environment, with all that it may use.
public struct Command: Hashable, Sendable {
    /// What is run.
    public enum Program: Hashable, Sendable {
        /// A program and its arguments.
        case arguments([String])
        /// A text for a shell that is started as `SHELL… -c TEXT`.
        case script(String, shell: [String] = ["/bin/sh", "-eu"])

        /// The words that are executed.
        public var words: [String] {
            switch self {
            case .arguments(let words): words
            case .script(let text, let shell): shell + ["-c", text]
            }
        }
    }

    /// A directory, absolute inside the environment, that a command may change, or may not.
    public struct Access: Hashable, Sendable {
        /// An absolute path.
        public var path: String
        /// Whether the command may write there.
        public var isWritable: Bool

        public init(_ path: String, isWritable: Bool) {
            self.path = path
            self.isWritable = isWritable
        }
    }

    /// Who runs it, inside the environment.
    public struct User: Hashable, Sendable {
        /// The user's numeric id.
        public var uid: UInt32
        /// The group's numeric id.
        public var gid: UInt32

        public init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }

        /// Root of the environment, without power over the machine.
        public static let root = User(uid: 0, gid: 0)
        /// Who builds packages.
        public static let build = User(uid: 1000, gid: 1000)
    }

    /// For messages: `build`, `install-system-packages`.
    public var name: String
    /// What is run.
    public var program: Program
    /// The user that the command runs as.
    public var user: User
    /// Whether it may use the network; else it sees a loopback device of its own and nothing more.
    public var network: Bool
    /// All variables that it sees, but for `PWD`.
    public var environment: [String: String]
    /// Absolute, inside the environment.
    public var workingDirectory: String
    /// The limits at which the command is ended.
    public var limits: Limits
    /// Where given, the root file system is read-only but for these directories, of which later ones cover earlier ones,
    /// and for `/tmp` and `/dev`. Each must exist; where a link leads to one, nothing is read-only.
    public var writableOnly: [Access]?

    public init(
        name: String, _ program: Program, user: User = .build, network: Bool = false,
        environment: [String: String] = [:], workingDirectory: String = "/", limits: Limits = Limits()
    ) {
        self.name = name
        self.program = program
        self.user = user
        self.network = network
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.limits = limits
    }
}

/// What a command may use. A limit that is nil does not hold.
public struct Limits: Hashable, Sendable {
    /// Of wall clock, by the monotonic clock.
    public var time: Duration?
    /// Without a byte of output.
    public var silence: Duration?
    /// Bytes of memory of all its processes together.
    public var memory: Int?
    /// Processes and threads at a time.
    public var processes: Int?
    /// Processors' worth of time: 1.5 is one and a half.
    public var processors: Double?
    /// Open files of each process.
    public var openFiles: Int?
    /// Bytes that it may leave or hold on disk.
    public var disk: Int?
    /// Bytes of output.
    public var output: Int?

    public init(
        time: Duration? = .seconds(3600), silence: Duration? = .seconds(1200), memory: Int? = 4 << 30,
        processes: Int? = 1024, processors: Double? = nil, openFiles: Int? = 4096, disk: Int? = 8 << 30,
        output: Int? = 64 << 20
    ) {
        self.time = time
        self.silence = silence
        self.memory = memory
        self.processes = processes
        self.processors = processors
        self.openFiles = openFiles
        self.disk = disk
        self.output = output
    }
}
