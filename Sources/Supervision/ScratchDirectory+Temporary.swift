import Archive
public import Core
import Glibc
public import System

extension ScratchDirectory {
    /// Creates a directory of this user in `parent`, a directory for temporary files, and removes those left there by
    /// killed processes of this user.
    ///
    /// - Parameter isShared: whether other users may read it, such as those that package managers switch to.
    public static func temporary(in parent: String, isShared: Bool = false) throws(Failure) -> ScratchDirectory {
        let prefix = "ciso-\(IdentityMapping.ofThisProcess.caller?.user ?? geteuid())."
        removeLeftovers(in: parent, named: prefix)
        return try Files.scratchDirectory(in: parent, named: prefix, mode: isShared ? 0o755 : 0o700)
    }
}
