import Core
import Glibc
import Synchronization
package import System

/// The control groups of one command, which limit and count its processes.
///
/// Version 2 has one hierarchy, version 1 one per controller; some machines have both. If no group can be created, the
/// limits are set per process instead (`setrlimit`), and limits that cannot be enforced are listed in `unenforced`.
///
/// - SeeAlso: `docs/decisions/0053-control-groups.md`
package final class ControlGroup: Sendable {
    /// The resource usage counted by the group.
    struct Usage: Sendable {
        var peakMemory: Int?
        /// Why the kernel killed a process for lack of memory; nil if it killed none.
        var memory: Shortage?
        /// Why the creation of a process failed; nil if none did.
        var processes: Shortage?
    }

    /// The origin of a limit that was reached.
    enum Shortage: Sendable {
        /// The group itself.
        case ownLimit
        /// A parent group, or the machine.
        case machine
    }

    /// The directories of the group by controller.
    private let directories: [ControlGroupHierarchy.Controller: String]
    /// Limits that are not enforced, in words, for the result.
    package let unenforced: [String]
    /// The limits of each process.
    package let resourceLimits: [ProcessStart.ResourceLimit]

    /// No group, for our own processes without limits.
    package static var none: ControlGroup {
        ControlGroup([:], Limits(memory: nil, processes: nil, openFiles: nil, disk: nil), isUnified: false)
    }

    /// Creates a group that enforces `limits` as far as this machine allows.
    package static func make(for limits: Limits) -> ControlGroup {
        let hierarchy = ControlGroupHierarchy.ofThisProcess
        let name = hierarchy.newName()
        var directories: [ControlGroupHierarchy.Controller: String] = [:]
        for controller in ControlGroupHierarchy.Controller.allCases {
            // Joining a group of version 1 takes milliseconds for each controller.
            let isNeeded = controller != .processor || limits.processors != nil || hierarchy.isUnified
            guard isNeeded, let parent = hierarchy.parents[controller] else { continue }
            let directory = "\(parent)/\(name)"
            if (try? Files.makeDirectories(directory, mode: 0o755)) != nil { directories[controller] = directory }
        }
        return ControlGroup(directories, limits, isUnified: hierarchy.isUnified)
    }

    private init(
        _ directories: [ControlGroupHierarchy.Controller: String], _ limits: Limits, isUnified: Bool
    ) {
        self.directories = directories
        var unenforced: [String] = []
        var resourceLimits = [ProcessStart.ResourceLimit(resource: Int32(RLIMIT_CORE.rawValue), value: 0)]
        func limit(_ resource: __rlimit_resource, _ value: Int?) {
            guard let value else { return }
            resourceLimits.append(.init(resource: Int32(resource.rawValue), value: UInt64(clamping: value)))
        }
        func set(_ controller: ControlGroupHierarchy.Controller, _ settings: [(file: String, value: String)]) -> Bool {
            guard let directory = directories[controller] else { return false }
            let accepted = settings.map { write($0.value, to: "\(directory)/\($0.file)") }
            return accepted.first ?? true
        }
        limit(RLIMIT_NOFILE, limits.openFiles)
        limit(RLIMIT_FSIZE, limits.disk)
        if let memory = limits.memory {
            let value = String(memory)
            // Swap is limited, too; a kernel without swap accounting lacks that file, so the first setting suffices.
            let settings =
                isUnified
                ? [("memory.max", value), ("memory.swap.max", "0"), ("memory.oom.group", "1")]
                : [("memory.limit_in_bytes", value), ("memory.memsw.limit_in_bytes", value)]
            if !set(.memory, settings) {
                limit(RLIMIT_DATA, memory)
                unenforced.append("memory of all processes together (each may use \(memory) bytes)")
            }
        }
        if let processes = limits.processes, !set(.processes, [("pids.max", String(processes))]) {
            limit(__RLIMIT_NPROC, processes)
            unenforced.append("number of processes (the user may have \(processes) in all)")
        }
        if let processors = limits.processors {
            let quota = String(Int(processors * 100_000))
            let settings =
                isUnified
                ? [("cpu.max", "\(quota) 100000")] : [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", quota)]
            if !set(.processor, settings) { unenforced.append("share of the processors") }
        }
        self.unenforced = unenforced
        self.resourceLimits = resourceLimits
    }

    /// The files to which a process writes "0" to become a member.
    package var membershipFiles: [String] {
        Set(directories.values).sorted().map { "\($0)/cgroup.procs" }
    }

    /// Kills all members, including those that have left their session and their parent.
    func killAll() {
        for directory in Set(directories.values) {
            ControlGroupHierarchy.killMembers(of: directory)
        }
    }

    /// The resource usage. The group is then removed in the background: all members are dead, but the kernel may need
    /// some milliseconds to release them.
    func finish() -> Usage {
        var usage = Usage()
        if let directory = directories[.memory] {
            let peak =
                contents(of: "\(directory)/memory.peak") ?? contents(of: "\(directory)/memory.max_usage_in_bytes")
            usage.peakMemory = peak.flatMap { Int($0.filter(\.isNumber)) }
            usage.memory = Self.memoryShortage(in: directory)
        }
        if let directory = directories[.processes] {
            usage.processes = Self.processShortage(in: directory)
        }
        remove()
        return usage
    }

    /// Both versions count the killed processes of a group, whichever group's limit was reached. Version 2 also counts
    /// how often the group's own limit was reached; in version 1, the group's usage must have reached its limit, up to
    /// the kernel's charging granularity.
    static func memoryShortage(in directory: String) -> Shortage? {
        if let events = contents(of: "\(directory)/memory.events") {
            guard hasHappened("oom_kill", events) else { return nil }
            return hasHappened("oom", events) ? .ownLimit : .machine
        }
        guard hasHappened("oom_kill", contents(of: "\(directory)/memory.oom_control")) else { return nil }
        let isOwn = ["memory", "memory.memsw"].contains { counter in
            guard let used = contents(of: "\(directory)/\(counter).max_usage_in_bytes").flatMap(number),
                let limit = contents(of: "\(directory)/\(counter).limit_in_bytes").flatMap(number)
            else { return false }
            return used >= limit - (4 << 20)
        }
        return isOwn ? .ownLimit : .machine
    }

    /// Before Linux 6.11 a group also counts what a parent group refused: then it had fewer processes than its own
    /// limit.
    static func processShortage(in directory: String) -> Shortage? {
        guard hasHappened("max", contents(of: "\(directory)/pids.events")) else { return nil }
        guard let limit = contents(of: "\(directory)/pids.max").flatMap(number),
            let peak = contents(of: "\(directory)/pids.peak").flatMap(number)
        else { return .ownLimit }
        return peak < limit ? .machine : .ownLimit
    }

    private static func number(_ text: String) -> Int? { Int(text.filter(\.isNumber)) }

    /// Whether the count of `event` in a file of lines `NAME COUNT` is not 0.
    private static func hasHappened(_ event: String, _ counts: String?) -> Bool {
        (counts ?? "").split(separator: "\n").contains { $0.hasPrefix("\(event) ") && $0 != "\(event) 0" }
    }

    private func remove() {
        for directory in Set(directories.values) {
            ControlGroupHierarchy.remove(directory)
        }
    }

    deinit {
        remove()
    }
}

/// Writes `text` to a kernel file. False if that fails.
@discardableResult
func write(_ text: String, to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == text.utf8.count
}
