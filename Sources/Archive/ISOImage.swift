internal import System

/// The image of a CD-ROM with a few small files: ISO 9660 with Rock Ridge and Joliet.
public enum ISOImage {
    /// Writes an image.
    ///
    /// - Parameters:
    ///   - files: contents by name, all in the root directory.
    ///   - label: the name of the volume.
    public static func write(_ files: [String: [UInt8]], label: String, to path: String) throws(ArchiveError) {
        let file = try Descriptor(creating: path, of: path)
        let writer = try ArchiveWriter(volume: label, descriptor: file.raw, name: path)
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            try writer.add(
                ArchiveEntry(
                    path: FilePath(name), kind: .file, permissions: 0o644, size: bytes.count, modified: 1))
            let result = bytes.withUnsafeBytes { bytes in
                Result { () throws(ArchiveError) in try writer.write(bytes) }
            }
            try result.get()
        }
        try writer.finish()
    }
}
