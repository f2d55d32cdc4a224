internal import CSandbox
internal import Glibc

/// The description of a process to start, optionally with namespaces, mounts and limits of its own. All processes are
/// started through this type. `CSandbox` contains the code between vfork and exec, where Swift code cannot run.
///
/// The process leads a new session and process group unless it is to use the terminal. It inherits no signal handlers
/// and no open files except those listed here.
///
/// - SeeAlso: `docs/decisions/0156-one-process-start.md`
package struct ProcessStart {
    var path: String
    var arguments: [String]
    var environment: [String] = []
    var input: Int32
    var output: Int32
    /// The descriptor for standard error; nil for that of the output.
    var error: Int32?
    /// Further descriptors that the process inherits.
    var kept: [Int32] = []
    /// The numbers of inherited descriptors in the process, if they differ from ours. They must not collide.
    var numbers: [Int32: Int32] = [:]
    var user: User?
    /// A user namespace to enter before mounting; -1 for none.
    var userNamespace: Int32 = -1
    var overlay: Overlay?
    /// Paths of `cgroup.procs` files of the control groups to join.
    var groups: [String] = []
    var limits: [ResourceLimit] = []
    /// Whether the process is killed when the thread that started it ends, and therefore whenever this process ends.
    var isBound = true
    /// Whether it stays in our session and process group, so that it receives signals from the terminal.
    var isForeground = false

    /// The user and group that the process runs as.
    package struct User: Hashable, Sendable {
        var uid: UInt32
        var gid: UInt32

        package init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// A limit of setrlimit(2).
    package struct ResourceLimit: Hashable, Sendable {
        var resource: Int32
        var value: UInt64

        package init(resource: Int32, value: UInt64) {
            self.resource = resource
            self.value = value
        }
    }

    /// An overlay file system that is mounted only for the new process.
    package struct Overlay {
        /// The lower directories, topmost first.
        var lowers: [String]
        var upper: String
        var work: String
        var target: String
        /// A directory with links 0, 1, … to the lower directories.
        var links: String
        var userAttributes: Bool

        package init(
            lowers: [String], upper: String, work: String, target: String, links: String, userAttributes: Bool
        ) {
            self.lowers = lowers
            self.upper = upper
            self.work = work
            self.target = target
            self.links = links
            self.userAttributes = userAttributes
        }
    }

    package init(
        path: String, arguments: [String], environment: [String] = [], input: Int32, output: Int32,
        error: Int32? = nil, kept: [Int32] = [], numbers: [Int32: Int32] = [:], user: User? = nil,
        userNamespace: Int32 = -1,
        overlay: Overlay? = nil, groups: [String] = [], limits: [ResourceLimit] = [],
        isBound: Bool = true, isForeground: Bool = false
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.output = output
        self.error = error
        self.kept = kept
        self.numbers = numbers
        self.isBound = isBound
        self.isForeground = isForeground
        self.user = user
        self.userNamespace = userNamespace
        self.overlay = overlay
        self.groups = groups
        self.limits = limits
    }

    /// Starts the process.
    ///
    /// - Returns: its process id.
    /// - Throws: an error that names the step that failed.
    package func start<Problem: SystemErrorConvertible>(_ errors: Problem.Type) throws(Problem) -> Int32 {
        let arguments = CStrings(arguments)
        let environment = CStrings(environment)
        let groups = CStrings(groups)
        let kept = kept.map { ciso_kept(descriptor: $0, place: numbers[$0] ?? $0) }
        let limits = limits.map { ciso_resource_limit(resource: $0.resource, value: $0.value) }
        let result = withExtendedLifetime((arguments, environment, groups)) {
            path.withCString { path in
                kept.withUnsafeBufferPointer { kept in
                    limits.withUnsafeBufferPointer { limits in
                        start(
                            ciso_process(
                                path: path, arguments: arguments.pointers, environment: environment.pointers,
                                input: input, output: output, error: error ?? output, kept: kept.baseAddress,
                                kept_count: Int32(kept.count),
                                user: user.map { Int64($0.uid) } ?? -1, group: user.map { Int64($0.gid) } ?? -1,
                                user_namespace: userNamespace, overlay: nil, groups: groups.constant,
                                group_count: Int32(groups.count), limits: limits.baseAddress,
                                limit_count: Int32(limits.count), bound: isBound ? 1 : 0,
                                foreground: isForeground ? 1 : 0))
                    }
                }
            }
        }
        guard result.process > 0 else {
            throw Problem(
                SystemError(
                    obstacle(result.stage), path, result.error,
                    hint: result.stage == CISO_STAGE_OVERLAY
                        ? "the kernel must have overlayfs, and the store must not be on an overlay itself" : nil))
        }
        return result.process
    }

    private func start(_ process: ciso_process) -> ciso_start {
        var process = process
        guard let overlay else { return ciso_start_process(&process) }
        let lowers = CStrings(overlay.lowers)
        let paths = CStrings([overlay.upper, overlay.work, overlay.target, overlay.links])
        return withExtendedLifetime((lowers, paths)) {
            var overlay = ciso_overlay(
                lowers: lowers.constant, lower_count: Int32(lowers.count), upper: paths.pointers[0],
                work: paths.pointers[1], target: paths.pointers[2], links: paths.pointers[3],
                user_attributes: overlay.userAttributes ? 1 : 0)
            return withUnsafePointer(to: &overlay) {
                process.overlay = $0
                return ciso_start_process(&process)
            }
        }
    }

    private func obstacle(_ stage: ciso_stage) -> String {
        switch stage {
        case CISO_STAGE_FORK: "create a process for it"
        case CISO_STAGE_CONTROL_GROUP: "join its control group"
        case CISO_STAGE_USER_NAMESPACE: "enter its user namespace"
        case CISO_STAGE_MOUNT_NAMESPACE: "create its mount namespace"
        case CISO_STAGE_OVERLAY: "mount its overlay of \(overlay?.lowers.count ?? 0) layers"
        case CISO_STAGE_RESOURCE_LIMIT: "set its resource limits"
        case CISO_STAGE_USER: "change its user"
        default: "execute"
        }
    }
}
