import Archive
public import Core
import Glibc
public import System

extension ScratchDirectory {
    /// Makes a new directory for this user in `parent`, a directory of temporary files, and removes there what killed
    /// processes of this user left.
    ///
    /// - Parameter isShared: whether other users may read it, such as those that package managers change to.
    public static func temporary(in parent: String, isShared: Bool = false) throws(Failure) -> ScratchDirectory {
        let prefix = "ciso-\(IdentityMapping.ofThisProcess.caller?.user ?? geteuid())."
        removeLeftovers(in: parent, named: prefix)
        return try Files.scratchDirectory(in: parent, named: prefix, mode: isShared ? 0o755 : 0o700)
    }
}
