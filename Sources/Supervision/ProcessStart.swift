import CSandbox
package import Core
import Glibc
import System

/// A process to be started in surroundings of its own, by what lies in `CSandbox`.
package struct ProcessStart {
    var path: String
    var arguments: [String]
    var environment: [String] = []
    var input: Int32
    var output: Int32
    /// Where standard error goes; nil: where the output goes.
    var error: Int32?
    /// Descriptors that the process keeps.
    var kept: [Int32] = []
    var user: Command.User?
    /// To be entered before mounting.
    var userNamespace: Int32 = -1
    var overlay: Overlay?
    /// Control groups' `cgroup.procs` files.
    var groups: [String] = []
    var limits: [ResourceLimit] = []

    package struct ResourceLimit: Hashable, Sendable {
        var resource: Int32
        var value: UInt64

        package init(resource: Int32, value: UInt64) {
            self.resource = resource
            self.value = value
        }
    }

    /// An overlay file system that only the new process sees.
    package struct Overlay {
        /// The topmost first.
        var lowers: [String]
        var upper: String
        var work: String
        var target: String
        /// A directory with links 0, 1, … to the lowers.
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
        error: Int32? = nil, kept: [Int32] = [], user: Command.User? = nil, userNamespace: Int32 = -1,
        overlay: Overlay? = nil, groups: [String] = [], limits: [ResourceLimit] = []
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.output = output
        self.error = error
        self.kept = kept
        self.user = user
        self.userNamespace = userNamespace
        self.overlay = overlay
        self.groups = groups
        self.limits = limits
    }

    /// Starts the process, which dies with the calling thread.
    ///
    /// - Returns: its id.
    /// - Throws: `Failure` that says which part of the surroundings could not be made.
    package func start() throws(Failure) -> Int32 {
        let arguments = CStrings(arguments)
        let environment = CStrings(environment)
        let groups = CStrings(groups)
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
                                limit_count: Int32(limits.count)))
                    }
                }
            }
        }
        guard result.process > 0 else {
            throw Failure(
                .infrastructure, "\(path): \(obstacle(result.stage)): \(errorText(result.error))",
                hint: result.stage == CISO_STAGE_OVERLAY
                    ? "the kernel must have overlayfs, and the store must not lie on an overlay itself" : nil)
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
        case CISO_STAGE_FORK: "no new process"
        case CISO_STAGE_CONTROL_GROUP: "the control group cannot be joined"
        case CISO_STAGE_USER_NAMESPACE: "the user namespace cannot be entered"
        case CISO_STAGE_MOUNT_NAMESPACE: "no mount namespace"
        case CISO_STAGE_OVERLAY: "the overlay of \(overlay?.lowers.count ?? 0) layers cannot be mounted"
        case CISO_STAGE_RESOURCE_LIMIT: "a resource limit cannot be set"
        case CISO_STAGE_USER: "the user cannot be changed"
        default: "cannot be executed"
        }
    }
}

/// Bytes in an anonymous file, to be handed to a process.
package struct MemoryFile: ~Copyable {
    package let descriptor: Int32

    package init(_ bytes: [UInt8]) throws(Failure) {
        descriptor = ciso_memory_file(bytes, bytes.count)
        try Self.check(descriptor)
    }

    private init(adopting descriptor: Int32) throws(Failure) {
        self.descriptor = descriptor
        try Self.check(descriptor)
    }

    /// The filter of system calls that every sandbox has.
    package static func seccompProgram() throws(Failure) -> MemoryFile {
        try MemoryFile(adopting: ciso_seccomp_program())
    }

    private static func check(_ descriptor: Int32) throws(Failure) {
        guard descriptor >= 0 else {
            throw Failure(.infrastructure, "no anonymous file: \(errorText(-descriptor))")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}

/// Watches a process that need not be a child.
struct ProcessDescriptor: ~Copyable {
    /// Readable when the process, and if it was the first of a process namespace all others in it, are gone. Negative
    /// when there is no such process.
    let descriptor: Int32

    init(of process: pid_t) {
        descriptor = ciso_process_descriptor(process)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
