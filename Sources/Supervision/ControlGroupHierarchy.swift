import Glibc
import Synchronization
import System

/// The directories of this machine in which control groups can be created, determined once.
package struct ControlGroupHierarchy: Sendable {
    package enum Controller: String, Sendable, CaseIterable {
        case memory
        case processes = "pids"
        case processor = "cpu"
    }

    /// The directory in which to create groups, by controller; empty if none can be created.
    package private(set) var parents: [Controller: String] = [:]
    /// Whether they belong to version 2.
    package private(set) var isUnified = false
    private static let number = Atomic<Int>(0)
    private static let prefix = "ciso."

    /// The hierarchy of this process, after removing groups left by killed processes.
    package static let ofThisProcess: ControlGroupHierarchy = {
        let hierarchy = ControlGroupHierarchy(
            membership: contents(of: "/proc/self/cgroup") ?? "", mounts: contents(of: "/proc/self/mountinfo") ?? "")
        hierarchy.removeLeftovers()
        return hierarchy
    }()

    /// - Parameters:
    ///   - membership: the text of `/proc/self/cgroup`.
    ///   - mounts: the text of `/proc/self/mountinfo`.
    ///   - isWritable: whether groups can be created in a directory.
    ///   - enable: enables version 2 controllers for the groups in a directory; false if it cannot.
    init(
        membership: String, mounts: String,
        isWritable: (String) -> Bool = { access($0, W_OK) == 0 && access("\($0)/cgroup.procs", W_OK) == 0 },
        enable: (String) -> Bool = enableControllers
    ) {
        let mounted = Self.mountPoints(mounts)
        for line in membership.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { continue }
            for controller in Controller.allCases
            where parts[1].split(separator: ",").contains(Substring(controller.rawValue)) {
                guard let mount = mounted[controller.rawValue] else { continue }
                let directory = mount + (parts[2] == "/" ? "" : parts[2])
                if isWritable(directory) { parents[controller] = directory }
            }
        }
        // A machine with both versions has the controllers in version 1.
        guard parents.isEmpty, let mount = mounted["cgroup2"],
            let own = membership.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else { return }
        var path = String(own.dropFirst(3))
        while true {
            let directory = mount + (path == "/" ? "" : path)
            if isWritable(directory), enable(directory) {
                isUnified = true
                for controller in Controller.allCases { parents[controller] = directory }
                return
            }
            guard let slash = path.lastIndex(of: "/"), path != "/" else { return }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    /// A unique name for a group, which identifies the process that created it.
    func newName() -> String {
        let number = Self.number.add(1, ordering: .relaxed).newValue
        return "\(Self.prefix)\(ProcessIdentity.current.name).\(number)"
    }

    /// The mount points of version 1 by controller, and of version 2 as `cgroup2`.
    private static func mountPoints(_ mounts: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in mounts.split(separator: "\n") {
            let halves = line.components(around: " - ")
            let before = halves.0.split(separator: " ")
            let after = halves.1.split(separator: " ")
            guard before.count > 4, after.count > 2 else { continue }
            let point = String(before[4])
            if after[0] == "cgroup2" {
                found["cgroup2"] = found["cgroup2"] ?? point
            } else if after[0] == "cgroup" {
                for option in after[2].split(separator: ",") { found[String(option)] = point }
            }
        }
        return found
    }

    private func removeLeftovers() {
        for parent in Set(parents.values) {
            for name in names(in: parent) where name.hasPrefix(Self.prefix) {
                guard ProcessIdentity(ownerOf: name)?.isAlive == false else { continue }
                Self.killMembers(of: "\(parent)/\(name)")
                Self.remove("\(parent)/\(name)")
            }
        }
    }

    static func killMembers(of directory: String) {
        if write("1", to: "\(directory)/cgroup.kill") { return }
        for line in (contents(of: "\(directory)/cgroup.procs") ?? "").split(separator: "\n") {
            if let process = pid_t(line), process > 1 { kill(process, SIGKILL) }
        }
    }

    /// Removes a group whose members are dead or dying: immediately if it is empty, otherwise in the background.
    static func remove(_ directory: String) {
        if rmdir(directory) == 0 || errno != EBUSY { return }
        removeInBackground {
            for _ in 0..<100 {
                killMembers(of: directory)
                if rmdir(directory) == 0 || errno != EBUSY { return }
                usleep(10_000)
            }
        }
    }
}

/// Enables limits on the memory, processes and processor time of groups in `directory`.
///
/// The kernel refuses this for a group that has processes itself, except the root.
private func enableControllers(_ directory: String) -> Bool {
    func enabled() -> Set<Substring> {
        Set((contents(of: "\(directory)/cgroup.subtree_control") ?? "").split { $0 == " " || $0 == "\n" })
    }
    for controller in ["memory", "pids", "cpu"] where !enabled().contains(Substring(controller)) {
        write("+\(controller)", to: "\(directory)/cgroup.subtree_control")
    }
    return enabled().isSuperset(of: ["memory", "pids"])
}

extension Substring {
    /// The parts before and after the first `separator`.
    fileprivate func components(around separator: String) -> (Substring, Substring) {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(separator) {
                return (self[..<index], self[index...].dropFirst(separator.count))
            }
            index = self.index(after: index)
        }
        return (self, "")
    }
}
