import Glibc
import System

/// Limits of this machine, and of the control groups and the session of the runner, that can be tighter than a job's
/// own limits.
///
/// If a job reports that it could not get memory, a process or a file, they show whether its own limit or the machine's
/// tighter limit was the cause.
public struct HostLimits: Sendable {
    /// The resources that a job can be denied.
    public enum Resource: String, Sendable, CaseIterable {
        case memory, processes, files
    }

    /// The limits of each resource, in bytes or numbers, with their origins.
    private var bounds: [Resource: [(limit: Int, origin: String)]] = [:]

    /// The limits of this process.
    public static func ofThisProcess() -> HostLimits {
        HostLimits(
            membership: contents(of: "/proc/self/cgroup") ?? "", read: { contents(of: $0) },
            inherited: { resource in
                var limit = rlimit()
                guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur != .max else {
                    return nil
                }
                return Int(clamping: limit.rlim_cur)
            })
    }

    /// - Parameters:
    ///   - membership: the text of `/proc/self/cgroup`.
    ///   - read: returns the text of a file.
    ///   - inherited: returns a resource limit of this process; nil for none.
    init(membership: String, read: (String) -> String?, inherited: (__rlimit_resource) -> Int?) {
        func add(_ resource: Resource, _ limit: Int?, _ origin: String) {
            if let limit, limit < 1 << 60 { bounds[resource, default: []].append((limit, origin)) }
        }
        func number(_ path: String) -> Int? { read(path).flatMap { Int($0.filter { !$0.isWhitespace }) } }
        let memory = Self.fields(of: read("/proc/meminfo") ?? "")
        if let total = memory["MemTotal"] {
            add(.memory, (total + (memory["SwapTotal"] ?? 0)) << 10, "this machine's memory")
        }
        // Strict accounting also denies memory that would never be used.
        if number("/proc/sys/vm/overcommit_memory") == 2, let limit = memory["CommitLimit"] {
            add(.memory, max(0, limit - (memory["Committed_AS"] ?? 0)) << 10, "what vm.overcommit_memory = 2 leaves")
        }
        add(.memory, inherited(RLIMIT_AS), "ulimit -v")
        add(.memory, inherited(RLIMIT_DATA), "ulimit -d")
        add(.processes, inherited(__RLIMIT_NPROC), "ulimit -u")
        add(.processes, number("/proc/sys/kernel/pid_max"), "kernel.pid_max")
        add(.processes, number("/proc/sys/kernel/threads-max"), "kernel.threads-max")
        add(.files, inherited(RLIMIT_NOFILE), "ulimit -n")
        let files = (read("/proc/sys/fs/file-nr") ?? "").split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        if files.count == 3 { add(.files, files[2] - files[0], "what fs.file-max leaves") }
        for group in Self.groups(membership) {
            add(.memory, number("\(group)/memory.max"), group)
            add(.memory, number("\(group)/memory.limit_in_bytes"), group)
            add(.processes, number("\(group)/pids.max"), group)
        }
    }

    /// The machine's tightest limit on a resource in words, if it is below the job's own.
    public func shortage(of resource: Resource, for limits: Limits) -> String? {
        let own: Int? =
            switch resource {
            case .memory: limits.memory
            case .processes: limits.processes
            case .files: limits.openFiles
            }
        guard let tightest = bounds[resource]?.min(by: { $0.limit < $1.limit }), tightest.limit < own ?? .max else {
            return nil
        }
        func words(_ limit: Int) -> String { resource == .memory ? "\(limit >> 20) MiB" : String(limit) }
        return "\(tightest.origin) limits \(resource.rawValue) to \(words(tightest.limit)), "
            + "the job's own limit is \(own.map(words) ?? "none")"
    }

    /// The values of `/proc/meminfo` in kibibytes by name.
    package static func fields(of meminfo: String) -> [String: Int] {
        var fields: [String: Int] = [:]
        for line in meminfo.split(separator: "\n") {
            let parts = line.split { $0 == ":" || $0 == " " }
            if parts.count > 1 { fields[String(parts[0])] = Int(parts[1]) }
        }
        return fields
    }

    /// The directories of the process's control groups, without the roots.
    private static func groups(_ membership: String) -> [String] {
        membership.split(separator: "\n").flatMap { line -> [String] in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            let controllers = parts[1].split(separator: ",")
            let mount = parts[1].isEmpty ? "" : "/\(controllers.first { ["memory", "pids"].contains($0) } ?? "none")"
            var groups: [String] = []
            var path = parts[2][...]
            while path != "/", !path.isEmpty {
                groups.append("/sys/fs/cgroup\(mount)\(path)")
                path = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
            }
            return groups
        }
    }
}
