internal import System

/// Merges packs by copying their entries: nothing is decompressed or hashed again. Only the offsets of delta bases are
/// adjusted.
package struct PackMerge {
    /// A pack that can be merged with others.
    package struct Source: Sendable {
        /// The path of the pack without extension.
        package let base: String
        fileprivate let contents: [UInt8]
        /// The entries, sorted by offset.
        fileprivate let entries: [PackIndex.Entry]

        /// Reads the pack at `base`; nil if it no longer exists or has deltas against objects of other packs.
        package init?(base: String) {
            guard let index = PackIndex(base: base), let pack = System.bytes(of: "\(base).pack"),
                index.entries.allSatisfy({
                    $0.offset < pack.count - 20 && [1, 2, 3, 4, 6].contains(pack[$0.offset] >> 4 & 7)
                })
            else { return nil }
            self.base = base
            contents = pack
            entries = index.entries.sorted { $0.offset < $1.offset }
        }

        /// The object whose entry begins at an offset; nil if there is none.
        fileprivate func id(at offset: Int) -> ObjectID? {
            var range = entries.startIndex..<entries.endIndex
            while let first = range.first {
                let middle = first + range.count / 2
                if entries[middle].offset == offset { return entries[middle].id }
                range = entries[middle].offset < offset ? middle + 1..<range.upperBound : range.lowerBound..<middle
            }
            return nil
        }
    }

    /// Writes one pack with all objects of `sources`, durably. Does not remove them.
    ///
    /// - Returns: the path of the pack without extension.
    /// - Throws: `GitError` of kind `corrupted` if a source is damaged.
    package static func merge(_ sources: [Source], objects directory: String) throws -> String {
        let ids = Set(sources.lazy.flatMap(\.entries).map(\.id))
        let writer = try PackWriter(objects: directory, count: ids.count, isRepack: true)
        for source in sources {
            let pack = source.contents
            let entries = source.entries
            for (number, entry) in entries.enumerated() {
                let end = number + 1 < entries.count ? entries[number + 1].offset : pack.count - 20
                let bytes = entry.offset < end ? Array(pack[entry.offset..<end]) : []
                guard !bytes.isEmpty, crc32(bytes) == entry.checksum else {
                    throw damage(entry.id, "its checksum does not match", source)
                }
                if bytes[0] >> 4 & 7 == 6 {
                    try copy(delta: bytes, entry, of: source, to: writer)
                } else {
                    try writer.add(copy: entry.id, bytes, checksum: entry.checksum)
                }
            }
        }
        return try writer.finish()
    }

    private static func copy(
        delta bytes: [UInt8], _ entry: PackIndex.Entry, of source: Source, to writer: PackWriter
    ) throws {
        guard let contents = bytes.firstIndex(where: { $0 & 0x80 == 0 }).map({ $0 + 1 }), contents < bytes.count,
            let end = bytes[contents...].firstIndex(where: { $0 & 0x80 == 0 })
        else { throw damage(entry.id, "it is truncated", source) }
        // Git's encoding of offsets: seven bits per byte, each further byte adding one.
        let distance = bytes[contents...end].dropFirst().reduce(Int(bytes[contents] & 0x7f)) { distance, byte in
            (distance + 1) << 7 | Int(byte & 0x7f)
        }
        guard let base = source.id(at: entry.offset - distance), writer.contains(base) else {
            throw damage(entry.id, "its base is missing", source)
        }
        try writer.add(copy: entry.id, header: bytes[..<contents], base: base, bytes[(end + 1)...])
    }

    private static func damage(_ id: ObjectID, _ detail: String, _ source: Source) -> GitError {
        GitError(kind: .corrupted, operation: "copy object \(id)", detail: detail, repository: source.base)
    }
}
