package import Glibc

/// What of a new file is on disk before its creation returns.
package enum Durability: Hashable, Sendable {
    /// Nothing: after a loss of power the file may be absent or empty. For caches and what can be made again.
    case none
    /// The contents, so that the name never leads to half a file, but the name itself may get lost.
    case contents
    /// The contents and the name.
    case contentsAndName
}

/// A file that is written aside, in the same directory, and then takes the name of another one at once.
///
/// Without `commit` nothing is left of it. A killed process leaves the file aside, `NAME.PID.NUMBER.tmp`.
package struct AtomicFile<Problem: SystemErrorConvertible>: ~Copyable {
    /// What is written to.
    package let file: OpenFile<Problem>
    private let path: String
    private var isCommitted = false

    /// - Parameter path: what is replaced; it need not exist.
    package init(replacing path: String, mode: mode_t = 0o666) throws(Problem) {
        self.path = path
        file = try OpenFile(
            "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp", O_RDWR | O_CREAT | O_EXCL, mode: mode)
    }

    deinit {
        if !isCommitted { unlink(file.path) }
    }

    /// Gives the file its name.
    package consuming func commit(_ durability: Durability) throws(Problem) {
        if durability != .none { try file.synchronize() }
        try FileSystem<Problem>.rename(file.path, path)
        isCommitted = true
        if durability == .contentsAndName { try FileSystem<Problem>.synchronizeDirectory(of: path) }
    }
}
