public import Core
import Glibc
import Synchronization
import System

/// A file that output is added to while it comes.
public final class LogFile: Sendable {
    /// The path of the file.
    public let path: String
    private let file: Files.File
    private let written = Atomic<Int>(0)

    /// Creates the file, or empties it.
    public init(_ path: String) throws(Failure) {
        self.path = path
        file = try Files.File(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, mode: 0o644)
    }

    /// Bytes added so far.
    public var count: Int { written.load(ordering: .relaxed) }

    /// Adds `bytes`; what a full disk does not take is lost.
    public func append(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            done += count
        }
        written.add(done, ordering: .relaxed)
    }

    /// Adds a line of our own words.
    public func append(line: String) {
        append(Array((line + "\n").utf8))
    }
}
