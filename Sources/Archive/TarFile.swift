import Glibc
import System

/// Writes an uncompressed tar archive, which every tar can unpack, of members whose contents are in memory.
///
/// Equal members in equal order give equal bytes. Used by one thread at a time.
public final class TarFile {
    private let name: String
    private let output: Descriptor
    private let writer: ArchiveWriter
    private var meter: TreeMeter

    /// Creates `file`, or truncates an existing one.
    public init(creating file: String, limits: TreeLimits = TreeLimits()) throws(ArchiveError) {
        name = file
        output = try Descriptor(creating: file, of: file)
        writer = try ArchiveWriter(descriptor: output.raw, name: file, compression: nil)
        meter = TreeMeter(limits, archive: file)
    }

    /// Adds a member with the size of `contents`.
    ///
    /// - Throws: `ArchiveError` if a limit is exceeded or the disk is full.
    public func add(_ entry: ArchiveEntry, contents: UnsafeRawBufferPointer? = nil) throws(ArchiveError) {
        var entry = entry
        entry.size = contents?.count ?? 0
        try meter.count(entry.path, depth: entry.path.components.count)
        try meter.count(bytes: entry.size, of: entry.path)
        let (writer, complete) = (writer, entry)
        try withUTF8Names { () throws(ArchiveError) in
            try writer.add(complete)
            if let contents { try writer.write(contents) }
        }
    }

    /// Writes the rest and waits until the archive is on disk. Without this call the archive is incomplete.
    public func finish() throws(ArchiveError) {
        try writer.finish()
        try output.synchronize()
    }
}
