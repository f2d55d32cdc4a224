internal import Core
internal import Glibc
package import OpamFormat
internal import OpamSwitch
internal import System

extension Checksum {
    /// The checksum of a file, which is read in pieces; nil if it cannot be read.
    package init?(ofFile path: String, _ kind: Kind) {
        do {
            let digest = try MessageDigest(kind.algorithm, of: SourceFiles.File(path, O_RDONLY))
            self.init("\(kind.rawValue)=\(digest.finish())")
        } catch {
            return nil
        }
    }
}
