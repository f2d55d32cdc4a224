/// A command to run in an environment, with its limits.
public struct Command: Hashable, Sendable {
    /// The program of a command.
    public enum Program: Hashable, Sendable {
        /// A program and its arguments.
        case arguments([String])
        /// A script for a shell, which is started as `SHELL… -c SCRIPT`.
        case script(String, shell: [String] = ["/bin/sh", "-eu"])

        /// The words of the command line.
        public var words: [String] {
            switch self {
            case .arguments(let words): words
            case .script(let text, let shell): shell + ["-c", text]
            }
        }
    }

    /// The access to a directory, given by its absolute path inside the environment.
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

    /// The user of a command, inside the environment.
    public struct User: Hashable, Sendable {
        /// The user's numeric id.
        public var uid: UInt32
        /// The group's numeric id.
        public var gid: UInt32

        public init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }

        /// Root of the environment, without privileges on the machine.
        public static let root = User(uid: 0, gid: 0)
        /// The user of builds.
        public static let build = User(uid: 1000, gid: 1000)
    }

    /// The name for messages: `build`, `install-system-packages`.
    public var name: String
    /// The program.
    public var program: Program
    /// The user that the command runs as.
    public var user: User
    /// Whether it has access to the network; otherwise it has only a loopback device of its own.
    public var network: Bool
    /// All its environment variables, except `PWD`.
    public var environment: [String: String]
    /// The absolute path of the working directory, inside the environment.
    public var workingDirectory: String
    /// The limits beyond which the command is stopped.
    public var limits: Limits
    /// If set, the root file system is read-only except for these directories, of which later ones override earlier
    /// ones, and for `/tmp` and `/dev`. Each must exist; if one is reached by a link, nothing is read-only.
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

/// The resource limits of a command; nil means unlimited.
public struct Limits: Hashable, Sendable {
    /// Wall-clock time, by the monotonic clock.
    public var time: Duration?
    /// Time without output.
    public var silence: Duration?
    /// Bytes of memory of all its processes together.
    public var memory: Int?
    /// The number of processes and threads at a time.
    public var processes: Int?
    /// The number of processors, as a share of time: 1.5 is one and a half.
    public var processors: Double?
    /// The number of open files of each process.
    public var openFiles: Int?
    /// Bytes on disk.
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
