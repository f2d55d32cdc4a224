internal import Glibc
internal import System

/// A cache of files that are derived from immutable values, each named after its value. They can be deleted at any
/// time.
///
/// A file consists of a line with its format, the digest of the rest, the name, the program that wrote it, and the
/// contents. Files in another format, of another program, or damaged ones are ignored.
package struct DerivedFiles: Sendable {
    private let directory: String
    private let format: String
    private let suffix: String
    private let capacity: Int

    /// - Parameters:
    ///   - format: The name and the version of the format.
    ///   - suffix: The end of the files' names.
    ///   - capacity: The number of files that are kept; the oldest are removed.
    package init(in directory: String, format: String, suffix: String, capacity: Int) {
        self.directory = directory
        self.format = "\(format)\n"
        self.suffix = suffix
        self.capacity = capacity
    }

    private func file(_ name: String) -> String { "\(directory)/\(name)\(suffix)" }

    /// The lines between the digest and the contents.
    private static func head(_ name: String) -> [UInt8] { Array("\(name)\n\(program)\n".utf8) }

    /// The result of `body` for the contents of a file; nil if there is no valid file.
    package func read<Value>(_ name: String, _ body: (UnsafeRawBufferPointer) -> Value?) -> Value? {
        guard let mapped = MappedFile(file(name), isReadAtOnce: true) else { return nil }
        return withExtendedLifetime(mapped) {
            let (bytes, start) = (mapped.bytes, format.utf8.count + 64)
            guard bytes.count > start, bytes.starts(with: format.utf8) else { return nil }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let head = Self.head(name)
            guard bytes[format.utf8.count..<start].elementsEqual(Digest(of: rest).hex.utf8), rest.starts(with: head)
            else { return nil }
            return body(UnsafeRawBufferPointer(rebasing: rest[head.count...]))
        }
    }

    /// Stores a file. If that fails, its contents are derived again the next time.
    package func keep(_ contents: [UInt8], as name: String) {
        let rest = Self.head(name) + contents
        let head = Array("\(format)\(Digest(of: rest).hex)".utf8)
        do throws(Failure) {
            try Files.makeDirectories(directory)
            let file = try AtomicFile<Failure>(replacing: file(name))
            for part in [head, rest] { try file.file.write(part) }
            try file.commit(.none)
        } catch {
            return
        }
        Files.removeOldest(of: names(in: directory).filter { $0.contains(suffix) }, in: directory, keeping: capacity)
    }

    /// Identifies the running program, because another build may derive other contents.
    package static let program: String = {
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "" }
        return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino)"
    }()
}
