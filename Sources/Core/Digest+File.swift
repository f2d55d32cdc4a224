internal import Glibc
package import System

extension Digest {
    /// The digest of the rest of an open file, which is read in pieces.
    package init<Problem>(of file: borrowing OpenFile<Problem>) throws(Problem) {
        self.init(try MessageDigest(.sha256, of: file))
    }

    /// The digest of the file at `path`, which is read in pieces.
    package init(ofFile path: String) throws(SystemError) {
        try self.init(of: OpenFile<SystemError>(path, O_RDONLY))
    }
}

extension MessageDigest {
    /// A hasher that has read the rest of an open file in pieces.
    package init<Problem>(_ algorithm: Algorithm, of file: borrowing OpenFile<Problem>) throws(Problem) {
        self.init(algorithm)
        try file.forEachPiece { update($0) }
    }
}
