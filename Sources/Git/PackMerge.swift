internal import System

/// Puts packs without deltas together by copying their entries as they are: nothing is inflated or hashed again.
package struct PackMerge {
    /// A pack that can be put together with others.
    package struct Source: Sendable {
        fileprivate let index: PackIndex
        fileprivate let contents: [UInt8]

        /// The path of the pack without its ending.
        package var base: String { index.base }

        /// Reads the pack at `base`; nil where it is gone or holds deltas.
        package init?(base: String) {
            guard let index = PackIndex(base: base), let pack = System.bytes(of: "\(base).pack"),
                index.entries.allSatisfy({ $0.offset < pack.count - 20 && (1...4).contains(pack[$0.offset] >> 4 & 7) })
            else { return nil }
            self.index = index
            contents = pack
        }
    }

    /// Writes one pack with all that `sources` hold, on disk when this returns. Drops none of them.
    ///
    /// - Returns: the path of the pack without its ending.
    /// - Throws: `GitError` of kind `corrupted` where a source is damaged.
    package static func merge(_ sources: [Source], objects directory: String) throws -> String {
        let ids = Set(sources.flatMap { $0.index.entries.map(\.id) })
        let writer = try PackWriter(objects: directory, count: ids.count)
        for source in sources {
            let pack = source.contents
            let entries = source.index.entries.sorted { $0.offset < $1.offset }
            for (number, entry) in entries.enumerated() {
                let end = number + 1 < entries.count ? entries[number + 1].offset : pack.count - 20
                let bytes = entry.offset < end ? Array(pack[entry.offset..<end]) : []
                guard crc32(bytes) == entry.checksum else {
                    throw GitError(
                        kind: .corrupted, operation: "copy object \(entry.id)", detail: "its checksum is another one",
                        repository: source.base)
                }
                try writer.add(copy: entry.id, bytes, checksum: entry.checksum)
            }
        }
        return try writer.finish()
    }
}
