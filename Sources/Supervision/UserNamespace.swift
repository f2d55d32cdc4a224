import Archive
import CSandbox
package import Core
import Glibc
import Synchronization
import System

/// The user namespaces of sandboxes, created once per user and kept open while the program runs.
///
/// If there are several users, a namespace has all ids of this process, mapped by `IdentityMapping`: files keep their
/// owners, but processes inside have privileges only in the sandbox, never on the machine. It is owned by the user who
/// runs in it, so that bubblewrap can enter it without privileges. If there is a single user, it maps root to the
/// caller, which is needed for mounting an overlay.
///
/// - SeeAlso: `docs/decisions/0130-build-ids.md`
package enum UserNamespace {
    private static let known = Mutex<[Command.User: Int32]>([:])

    /// A descriptor of the namespace for `user`, kept open while the program runs.
    package static func descriptor(for user: Command.User) throws(Failure) -> Int32 {
        let mapping = IdentityMapping.ofThisProcess
        let key = mapping.hasSeveralUsers ? mapping.stored(user) : .root
        let maps = mapping.maps
        return try descriptor(key) { ciso_user_namespace(key.uid, key.gid, maps.users, maps.groups) }
    }

    private static func descriptor(_ key: Command.User, _ make: () -> Int32) throws(Failure) -> Int32 {
        let descriptor = known.withLock { known in
            if let found = known[key] { return found }
            let made = make()
            if made >= 0 { known[key] = made }
            return made
        }
        guard descriptor >= 0 else {
            throw Failure(
                .unavailable, "no user namespace: \(errorText(-descriptor))",
                hint: "the kernel must permit user namespaces (sysctl user.max_user_namespaces)")
        }
        return descriptor
    }

    /// A descriptor of a namespace in which this process is the user that it was before `SubordinateIDs.enter`: the ssh
    /// client looks up its user's home directory by id. Negative if the user has not changed.
    package static func ofCaller() throws(Failure) -> Int32 {
        let mapping = IdentityMapping.ofThisProcess
        guard let caller = mapping.caller else { return -1 }
        // No sandbox uses this key, because its ids are those of the machine.
        return try descriptor(Command.User(uid: .max, gid: .max)) {
            ciso_user_namespace(0, 0, "\(caller.user) 0 1\n", "\(caller.group) 0 1\n")
        }
    }
}
