import CSandbox
import Core
import Glibc
import Synchronization

/// The user namespaces that sandboxes run in: made once per user and kept open while the program runs.
///
/// Run by root, a namespace maps every id to itself: files keep their owners, but whatever runs inside has power over the
/// sandbox only, never over the machine. It is owned by the user who runs in it, which lets bubblewrap enter it without
/// any privilege. Run by anybody else, it maps root to the caller, which is what mounting an overlay needs.
enum UserNamespace {
    private static let known = Mutex<[Command.User: Int32]>([:])

    /// A descriptor of the namespace for `user`, open as long as the program runs.
    static func descriptor(for user: Command.User) throws(Failure) -> Int32 {
        let isRoot = geteuid() == 0
        let key = isRoot ? user : .root
        let descriptor = known.withLock { known in
            if let found = known[key] { return found }
            let users = isRoot ? "0 0 4294967295\n" : "0 \(geteuid()) 1\n"
            let groups = isRoot ? "0 0 4294967295\n" : "0 \(getegid()) 1\n"
            let made = ciso_user_namespace(key.uid, key.gid, users, groups)
            if made >= 0 { known[key] = made }
            return made
        }
        guard descriptor >= 0 else {
            throw Failure(
                .infrastructure, "no user namespace: \(String(cString: strerror(-descriptor)))",
                hint: "the kernel must permit user namespaces (sysctl user.max_user_namespaces)")
        }
        return descriptor
    }
}
