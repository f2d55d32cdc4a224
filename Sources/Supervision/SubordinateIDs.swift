import CSandbox
public import Core
import Glibc
import System

/// The ids that `/etc/subuid` and `/etc/subgid` assign to an ordinary user, which are used for the users of a root file
/// system.
public enum SubordinateIDs {
    /// A line of `/etc/subuid` or `/etc/subgid`.
    struct Range: Hashable {
        var owner: String
        var start: UInt32
        var count: UInt32

        init?(_ fields: [String]) {
            guard fields.count == 3, let start = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0,
                !start.addingReportingOverflow(count).overflow
            else { return nil }
            (owner, self.start, self.count) = (fields[0], start, count)
        }

        func overlaps(_ ids: ClosedRange<UInt32>) -> Bool { (start...(start + count - 1)).overlaps(ids) }
    }

    /// The number of ids that a root file system needs in addition to root.
    static let needed: UInt32 = 65535
    private static let programs = ["newuidmap", "newgidmap"]
    private static let files = ["/etc/subuid", "/etc/subgid"]

    /// What this process lacks to keep root and the build user apart, with a suggestion; nil if nothing.
    ///
    /// Whether a namespace can be entered when all requirements are met is found by trying.
    public static func obstacle() -> Failure? {
        guard !IdentityMapping.ofThisProcess.hasSeveralUsers else { return nil }
        let login = loginName()
        let missing = programs.filter { executable($0) == nil }
        guard missing.isEmpty else {
            return failure("\(missing.joined(separator: " and ")): not found", "install the package 'uidmap'")
        }
        for (file, option) in zip(files, ["--add-subuids", "--add-subgids"]) where range(in: file) == nil {
            let found = IdentityMapping.fields(of: file).compactMap(Range.init).map { "\($0.start):\($0.count)" }
            let others = found.isEmpty ? "" : "; choose numbers that do not overlap those in \(file)"
            return failure(
                "\(file) gives the user '\(login)' fewer than \(needed) ids",
                "run as root: usermod \(option) 100000-165535 \(login)\(others)")
        }
        guard let namespace = try? namespace() else {
            return failure(
                "newuidmap and newgidmap did not map the ids of /etc/subuid and /etc/subgid",
                "they must be set-user-ID root, and the kernel must permit user namespaces "
                    + "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)")
        }
        close(namespace)
        return failure(
            "this process is not in its user namespace", "several threads were running when it tried to enter it")
    }

    private static func failure(_ reason: String, _ remedy: String) -> Failure {
        Failure(
            .unavailable,
            "builds in root file systems need several user ids, and an ordinary user has one: \(reason)",
            hint: "\(remedy); or run scripts/install-packages run, or ci as root")
    }

    /// Makes this process root of a user namespace in which the user's subordinate ids are the other users. Does
    /// nothing if that is not possible.
    ///
    /// Must be called before there is another thread, and before `IdentityMapping.ofThisProcess` is used.
    public static func enter() {
        guard geteuid() != 0, let namespace = try? namespace() else { return }
        _ = ciso_enter_user_namespace(namespace)
        close(namespace)
    }

    private static func namespace() throws(Failure) -> Int32 {
        guard let users = range(in: files[0]), let groups = range(in: files[1]),
            let newuidmap = executable(programs[0]), let newgidmap = executable(programs[1])
        else { throw Failure(.unavailable, "no subordinate ids") }
        let userProgram = CStrings([newuidmap, "0", "\(geteuid())", "1", "1", "\(users.start)", "\(needed)"])
        let groupProgram = CStrings([newgidmap, "0", "\(getegid())", "1", "1", "\(groups.start)", "\(needed)"])
        let descriptor = withExtendedLifetime((userProgram, groupProgram)) {
            ciso_user_namespace_by_programs(userProgram.pointers, groupProgram.pointers)
        }
        guard descriptor >= 0 else {
            throw Failure(.unavailable, "no user namespace: \(errorText(-descriptor))")
        }
        return descriptor
    }

    private static func range(in file: String) -> Range? {
        let names = [loginName(), "\(geteuid())"]
        return IdentityMapping.fields(of: file).compactMap(Range.init).first {
            names.contains($0.owner) && $0.count >= needed
        }
    }

    private static func loginName() -> String {
        getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(geteuid())"
    }
}
