public import Core
import Glibc
import System

/// The tree of an OCI image, built by applying its layers in order.
///
/// Contents are untrusted. No member is written outside of the tree, whatever its links and `..` refer to: links of
/// lower layers in the path of a member are followed as if the tree were `/`. Devices, FIFOs and sockets are skipped.
public struct LayeredTree: Sendable {
    private let directory: String
    private let policy: Extraction
    private var meter: TreeMeter

    /// - Parameters:
    ///   - directory: an existing, empty directory.
    ///   - ownership: the owner of unpacked files; before a shift, ids above 65535 are replaced by those of `nobody`.
    ///   - limits: the limits of all layers together.
    public init(in directory: String, ownership: Extraction.Ownership, limits: TreeLimits) {
        self.directory = directory
        policy = Extraction(links: .anywhere, ownership: ownership, permissionMask: 0o7777, limits: limits)
        meter = TreeMeter(limits, archive: directory)
    }

    /// Whether the kernel can resolve paths below a directory: Linux 5.6 or later.
    public static var isSupported: Bool {
        let root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(root) }
        let found = openDirectory("etc", below: root)
        defer { if found >= 0 { close(found) } }
        return found >= 0 || errno == ENOENT
    }

    /// Applies a layer to the tree: a tar file, plain or compressed by gzip or zstd. It is decompressed on another
    /// thread. Blocks the thread.
    ///
    /// - Parameter expected: The digest of the tar file without compression; nil if it is not known.
    /// - Throws: `ArchiveError` for the first unsafe member, an exceeded limit, damage, unexpected contents, or a
    ///   failed system call; the tree is incomplete then.
    public mutating func add(_ layer: String, contents expected: Digest? = nil) throws(ArchiveError) {
        let root = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY, of: directory)
        let (descriptor, policy, meter) = (root.raw, policy, meter)
        // Besides its contents, a member has a few kilobytes of metadata.
        let stream = LayerStream.open(layer, limit: policy.limits.bytes + policy.limits.entries * 4096)
        defer { stream.blocks.close() }
        do throws(ArchiveError) {
            self.meter = try withUTF8Names { () throws(ArchiveError) -> TreeMeter in
                let reader = try ArchiveReader(tar: stream.blocks, name: layer)
                var writer = TreeWriter(root: descriptor, archive: layer, policy: policy, over: meter)
                while let entry = try reader.next() {
                    try writer.add(entry, contents: reader)
                }
                try writer.finish()
                return writer.meter
            }
        } catch {
            throw stream.problem ?? error
        }
        let found = try stream.finish()
        guard expected == nil || found == expected else {
            throw ArchiveError(
                .damaged, archive: layer,
                detail:
                    "its contents have the digest \(found.oci), but the image's configuration lists \(expected?.oci ?? "")"
            )
        }
    }
}

/// Reads the members of an archive in order, and the contents of some.
///
/// - Parameters:
///   - limits: the limits of the number of members, the depth of their paths, and the bytes passed to `visit`.
///   - wanted: whether the contents of a file are read; contents of more than `size` bytes are truncated.
///   - visit: called with each member, and its contents if they are wanted.
/// - Throws: `ArchiveError`.
public func readMembers(
    of archive: String, limits: TreeLimits, size: Int, wanted: (ArchiveEntry) -> Bool,
    visit: (ArchiveEntry, [UInt8]?) -> Void
) throws(ArchiveError) {
    let input = try Descriptor(opening: archive, O_RDONLY, of: archive)
    try withUTF8Names { () throws(ArchiveError) in
        let reader = try ArchiveReader(descriptor: input.raw, name: archive, format: .container)
        var meter = TreeMeter(limits, archive: archive)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { buffer.deallocate() }
        while let entry = try reader.next() {
            try meter.count(entry.path, depth: entry.path.components.count)
            guard entry.kind == .file, wanted(entry) else {
                visit(entry, nil)
                continue
            }
            var contents: [UInt8] = []
            while contents.count < size {
                let count = try reader.read(into: buffer)
                if count == 0 { break }
                contents += buffer[..<count].prefix(size - contents.count)
            }
            try meter.count(bytes: contents.count, of: entry.path)
            visit(entry, contents)
        }
    }
}
