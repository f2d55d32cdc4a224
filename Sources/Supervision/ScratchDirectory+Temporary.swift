import Archive
public import Core
import Foundation
public import System

extension ScratchDirectory {
    /// Makes a new directory for this user in the directory of temporary files. Removes there what killed processes of this
    /// user left.
    ///
    /// - Parameters:
    ///   - isShared: whether other users may read it, such as those that package managers change to.
    ///   - isShort: whether its path must be short enough for sockets: then it is in `/tmp`.
    public static func temporary(isShared: Bool = false, isShort: Bool = false) throws(Failure) -> ScratchDirectory {
        let parent = isShort ? "/tmp" : FileManager.default.temporaryDirectory.path
        let prefix = "ciso-\(IdentityMapping.ofThisProcess.caller?.user ?? geteuid())."
        removeLeftovers(in: parent, named: prefix)
        return try Files.scratchDirectory(in: parent, named: prefix, mode: isShared ? 0o755 : 0o700)
    }
}
