public import Core
import Glibc
public import Supervision
import System

/// An isolated environment on this Linux machine in which commands run.
///
/// Its root file system is an overlay: a base, layers above it, and at the top a directory of the sandbox that receives
/// all changes; the base and the layers are never written. The overlay is mounted for each command in the command's own
/// mount namespace and is unmounted with its last process. bubblewrap creates the other namespaces. Commands run one
/// after another; each sees the files of the previous ones, but not their processes and mounts.
///
/// - SeeAlso: `docs/decisions/0051-overlay-mount.md`
public final class Sandbox: Sendable {
    /// A file or directory of the machine that is visible inside.
    public struct Bind: Hashable, Sendable {
        /// The path on this machine.
        public var source: String
        /// The absolute path inside.
        public var destination: String
        /// Whether the sandbox may write to it.
        public var writable: Bool
        /// Whether it is a device that commands may use.
        public var isDevice: Bool

        public init(_ source: String, at destination: String, writable: Bool = false, isDevice: Bool = false) {
            self.isDevice = isDevice
            self.source = source
            self.destination = destination
            self.writable = writable
        }
    }

    /// The parts of a sandbox.
    public struct Layout: Hashable, Sendable {
        /// The read-only directory of the base.
        public var base: String
        /// The read-only directories above it, lowest first; at most 499.
        public var layers: [String]
        /// The paths of this machine that are visible inside.
        public var binds: [Bind]
        /// Whether changes are made in the base itself, which must then have no layers: for creating a new base.
        public var writesBase: Bool
        /// The host name inside.
        public var hostname: String

        public init(
            base: String, layers: [String] = [], binds: [Bind] = [], writesBase: Bool = false, hostname: String = "ciso"
        ) {
            self.base = base
            self.layers = layers
            self.binds = binds
            self.writesBase = writesBase
            self.hostname = hostname
        }
    }

    /// The parts of the sandbox.
    public let layout: Layout
    let scratch: ScratchDirectory
    /// The number of bytes to keep free on the disk: below it, a command is stopped.
    public let reserve: Int

    /// Creates a sandbox that keeps its changes in `directory`, on a file system other than an overlay.
    ///
    /// - Throws: `Failure` if a part of the layout does not exist, or there is no room for the changes.
    public init(_ layout: Layout, in directory: String, reserve: Int = 256 << 20) throws(Failure) {
        self.layout = layout
        self.reserve = reserve
        for path in [layout.base] + layout.layers where access(path, R_OK | X_OK) != 0 {
            throw Failure(.last("read", path))
        }
        guard layout.layers.count < 500 else {
            throw Failure(.unavailable, "\(layout.layers.count) layers, overlayfs supports 499 and a base")
        }
        guard !layout.writesBase || layout.layers.isEmpty else {
            throw Failure(.unavailable, "\(layout.base): a base with layers above it cannot be written")
        }
        scratch = try Files.scratchDirectory(in: directory)
        for name in ["upper", "work", "root", "tmp", "lowers"] {
            try Files.makeDirectories("\(scratch.path)/\(name)", mode: 0o755)
        }
        chmod("\(scratch.path)/tmp", 0o1777)
        for (index, lower) in lowers.enumerated() {
            symlink(lower, "\(scratch.path)/lowers/\(index)")
        }
    }

    /// The directory of all changes so far, in the format of overlayfs.
    public var changes: String { layout.writesBase ? layout.base : "\(scratch.path)/upper" }

    /// The directory that is `/` inside.
    private var root: String { layout.writesBase ? layout.base : "\(scratch.path)/root" }

    /// The absolute paths of the lower directories, topmost first.
    private var lowers: [String] {
        (layout.layers.reversed() + [layout.base]).map { path in
            guard let absolute = realpath(path, nil) else { return path }
            defer { free(absolute) }
            return String(cString: absolute)
        }
    }

    /// Runs `command` to its end. All its processes have ended when this returns.
    ///
    /// Cancelling the task kills it.
    ///
    /// - Parameter output: receives its output in pieces on another thread.
    /// - Returns: how it ended; a failure to set up the sandbox is an ending, too.
    public func run(
        _ command: Command, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> CommandResult {
        await Supervisor.run { cancellation in
            self.supervise(command, cancellation, output)
        }
    }

    /// Runs on a dedicated thread, because the processes die with the thread that started them.
    private func supervise(
        _ command: Command, _ cancellation: Cancellation, _ output: @escaping @Sendable ([UInt8]) -> Void
    ) -> CommandResult {
        do throws(Failure) {
            let group = ControlGroup.make(for: command.limits)
            let status = try Pipe()
            let printed = try Pipe()
            let process = try start(command, group, status: status.writing, output: printed.writing)
            let supervisor = Supervisor(
                process: process, limits: command.limits, group: group, cancellation: cancellation,
                disk: DiskWatch(paths: [changes, "\(scratch.path)/tmp"], limit: command.limits.disk, reserve: reserve),
                report: .bubblewrap)
            return supervisor.run(output: printed.takeReading(), status: status.takeReading(), sink: output)
        } catch {
            return CommandResult(ending: .setupFailed(error.description))
        }
    }

    private func start(
        _ command: Command, _ group: ControlGroup, status: Int32, output: Int32
    ) throws(Failure) -> Int32 {
        let mapping = IdentityMapping.ofThisProcess
        let isRoot = mapping.hasSeveralUsers
        let filter = try MemoryFile.seccompProgram()
        let namespace = try UserNamespace.descriptor(for: command.user)
        let arguments = BubblewrapArguments(
            command: command, layout: layout, access: separateMounts(of: command), root: root,
            temporary: "\(scratch.path)/tmp",
            namespace: isRoot ? namespace : nil, filter: filter.descriptor, status: status)
        let options = try MemoryFile(arguments.encoded)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let stored = mapping.stored(command.user)
        let owner = ProcessStart.User(uid: stored.uid, gid: stored.gid)
        let start = ProcessStart(
            path: try Bubblewrap.path(),
            arguments: ["bwrap", "--args", String(options.descriptor), "--"] + command.program.words,
            input: null, output: output,
            kept: [filter.descriptor, options.descriptor, status] + (isRoot ? [namespace] : []),
            user: isRoot ? owner : nil, userNamespace: isRoot ? -1 : namespace,
            overlay: layout.writesBase ? nil : overlay,
            groups: group.membershipFiles, limits: group.resourceLimits)
        return try start.start(Failure.self)
    }

    /// The directories that are mounted separately; nil if nothing is read-only. They are resolved outside of the
    /// sandbox, where a link created by a build could lead elsewhere.
    private func separateMounts(of command: Command) -> [Command.Access]? {
        command.writableOnly.flatMap { directories in
            directories.allSatisfy { isWithoutLinks($0.path) } ? directories : nil
        }
    }

    private func isWithoutLinks(_ path: String) -> Bool {
        var reached = ""
        for component in path.pathNames {
            reached += "/\(component)"
            for directory in [changes] + lowers {
                var status = stat()
                if component == ".." || lstat(directory + reached, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK {
                    return false
                }
            }
        }
        return true
    }

    private var overlay: ProcessStart.Overlay {
        ProcessStart.Overlay(
            lowers: lowers, upper: changes, work: "\(scratch.path)/work", target: root,
            links: "\(scratch.path)/lowers", userAttributes: !IdentityMapping.ofThisProcess.isInitial || geteuid() != 0)
    }
}
