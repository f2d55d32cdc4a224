import Glibc
import System

/// A tar archive in the making, of members from memory: not compressed, so that every tar unpacks it.
///
/// Equal members in equal order give equal bytes. It belongs to one thread at a time.
public final class TarFile {
    private let name: String
    private let output: Descriptor
    private let writer: ArchiveWriter
    private var meter: TreeMeter

    /// Makes `file`, or empties the one that is there.
    public init(creating file: String, limits: TreeLimits = TreeLimits()) throws(ArchiveError) {
        name = file
        output = try Descriptor(creating: file, of: file)
        writer = try ArchiveWriter(descriptor: output.raw, name: file, compression: nil)
        meter = TreeMeter(limits, archive: file)
    }

    /// Adds a member; its size is that of `contents`.
    ///
    /// - Throws: `ArchiveError` when a limit is passed or the disk is full.
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

    /// Writes what is left, and waits until it is on disk. Without it the archive is incomplete.
    public func finish() throws(ArchiveError) {
        try writer.finish()
        try output.synchronize()
    }
}
