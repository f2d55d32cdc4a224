import Core
import Glibc
import Supervision
import System

/// A requirement on this machine for running jobs, and whether it is satisfied.
public struct Capability: Hashable, Sendable {
    /// The name of the requirement.
    public var name: String
    /// Whether this machine satisfies it.
    public var isAvailable: Bool
    /// What was found.
    public var detail: String
    /// How to satisfy it.
    public var remedy: String?
    /// Whether jobs can run without it, with restrictions.
    public var isOptional: Bool

    /// All capabilities, determined by trying: a sandbox is actually created and used.
    ///
    /// - Parameter directory: a directory for temporary files, on the file system of sandboxes.
    public static func ofThisMachine(trying directory: String) async -> [Capability] {
        let hierarchy = ControlGroupHierarchy.ofThisProcess
        return [
            program("bwrap", for: "sandboxes", package: "bubblewrap", isOptional: false),
            await sandbox(in: directory),
            users(),
            controlGroup(
                hierarchy, .memory, "one limit on the memory of all processes of a job; without, one for each"),
            controlGroup(hierarchy, .processes, "a limit on the processes of a job; without, one for the user"),
            controlGroup(hierarchy, .processor, "a share of the processors for each job"),
            program("ssh", for: "targets on other machines", package: "openssh-client", isOptional: true),
            openFiles(),
        ]
    }

    private static func program(_ name: String, for purpose: String, package: String, isOptional: Bool) -> Capability {
        let path = executable(name)
        return Capability(
            name: name, isAvailable: path != nil, detail: path ?? "not found; needed for \(purpose)",
            remedy: path == nil ? "install the package '\(package)'" : nil, isOptional: isOptional)
    }

    private static func sandbox(in directory: String) async -> Capability {
        var capability = Capability(
            name: "sandbox", isAvailable: false, detail: "", remedy: nil, isOptional: false)
        do {
            let scratch = try Files.scratchDirectory(in: directory)
            for name in ["proc", "dev", "tmp", "usr"] {
                try Files.makeDirectories("\(scratch.path)/base/\(name)", mode: 0o755)
            }
            for name in ["bin", "sbin", "lib", "lib64"] { symlink("usr/\(name)", "\(scratch.path)/base/\(name)") }
            let layout = Sandbox.Layout(base: "\(scratch.path)/base", binds: [.init("/usr", at: "/usr")])
            let sandbox = try Sandbox(layout, in: "\(scratch.path)/sandboxes")
            let result = await sandbox.run(Command(name: "trial", .script("exit 0"))) { _ in }
            capability.isAvailable = result.succeeded
            capability.detail =
                result.succeeded
                ? "works, as \(caller)" : "\(result.ending)"
        } catch {
            capability.detail = "\(error)"
        }
        if !capability.isAvailable {
            capability.remedy =
                "permit user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
        }
        return capability
    }

    /// The kind of the current user, for people.
    private static var caller: String {
        let mapping = IdentityMapping.ofThisProcess
        guard mapping.hasSeveralUsers else { return "an ordinary user" }
        return mapping.caller == nil ? "root" : "an ordinary user with subordinate ids"
    }

    private static func users() -> Capability {
        let obstacle = SubordinateIDs.obstacle()?.diagnostics.first
        return Capability(
            name: "users", isAvailable: obstacle == nil,
            detail: obstacle?.message ?? "root file systems have several users",
            remedy: obstacle?.hint, isOptional: false)
    }

    private static func controlGroup(
        _ hierarchy: ControlGroupHierarchy, _ controller: ControlGroupHierarchy.Controller, _ purpose: String
    ) -> Capability {
        let parent = hierarchy.parents[controller]
        return Capability(
            name: "cgroup-\(controller.rawValue)", isAvailable: parent != nil,
            detail: parent.map { "version \(hierarchy.isUnified ? 2 : 1), below \($0)" }
                ?? "not writable; gives \(purpose)",
            remedy: parent == nil ? "run as root, or with: systemd-run --user --scope -p Delegate=yes" : nil,
            isOptional: true)
    }

    private static func openFiles() -> Capability {
        let limit = ResourcePreflight.descriptorLimit()
        return Capability(
            name: "open-files", isAvailable: limit >= 4096, detail: "\(limit) at a time",
            remedy: limit >= 4096 ? nil : "raise the limit (ulimit -n 65536)", isOptional: true)
    }
}
