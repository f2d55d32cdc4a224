package import Glibc

/// The parts of a new file that are on disk before its creation returns.
package enum Durability: Hashable, Sendable {
    /// Nothing: after a power failure the file may be missing or empty. For caches and other reproducible files.
    case none
    /// The contents: the name never refers to a partial file, but may be lost after a power failure.
    case contents
    /// The contents and the name.
    case contentsAndName
}

/// A temporary file in the directory of another file, which it replaces atomically.
///
/// If it is not committed, it is removed. A killed process leaves it behind as `NAME.PID.NUMBER.tmp`.
package struct AtomicFile<Problem: SystemErrorConvertible>: ~Copyable {
    /// The temporary file.
    package let file: OpenFile<Problem>
    private let path: String
    private var isCommitted = false

    /// - Parameter path: the file to replace, which need not exist.
    package init(replacing path: String, mode: mode_t = 0o666) throws(Problem) {
        self.path = path
        file = try OpenFile(
            "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp", O_RDWR | O_CREAT | O_EXCL, mode: mode)
    }

    deinit {
        if !isCommitted { unlink(file.path) }
    }

    /// Renames the file, replacing the other one.
    package consuming func commit(_ durability: Durability) throws(Problem) {
        if durability != .none { try file.synchronize() }
        try FileSystem<Problem>.rename(file.path, path)
        isCommitted = true
        if durability == .contentsAndName { try FileSystem<Problem>.synchronizeDirectory(of: path) }
    }
}
