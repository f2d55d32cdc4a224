public import Core
import Glibc
import Synchronization
import System

/// A file to which output is appended as it arrives.
public final class LogFile: Sendable {
    /// The path of the file.
    public let path: String
    private let file: Files.File
    private let written = Atomic<Int>(0)

    /// Creates the file, or truncates an existing one.
    public init(_ path: String) throws(Failure) {
        self.path = path
        file = try Files.File(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, mode: 0o644)
    }

    /// The number of bytes appended so far.
    public var count: Int { written.load(ordering: .relaxed) }

    /// Appends `bytes`; what does not fit on a full disk is lost.
    public func append(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            done += count
        }
        written.add(done, ordering: .relaxed)
    }

    /// Appends a line of the runner.
    public func append(line: String) {
        append(Array((line + "\n").utf8))
    }
}
