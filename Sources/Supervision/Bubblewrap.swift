package import Core
import Glibc
import Synchronization

/// The bubblewrap program of this machine.
///
/// - SeeAlso: `docs/decisions/0052-bubblewrap.md`
package enum Bubblewrap {
    private static let found = Mutex<String?>(nil)

    /// Its absolute path.
    package static func path() throws(Failure) -> String {
        let path = found.withLock { found in
            if found == nil { found = executable("bwrap") }
            return found
        }
        guard let path else {
            throw Failure(
                .unavailable, "bwrap: not found", hint: "install the package 'bubblewrap'")
        }
        return path
    }
}

/// The absolute path of a program of this machine in the standard directories. The environment is not used: what is
/// part of every job must not depend on a shell's settings.
package func executable(_ name: String) -> String? {
    ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin", "/run/current-system/sw/bin"].lazy
        .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}
