/// Compresses buffers by zstd, each into one frame.
public enum Zstandard {
    /// `bytes` as one frame.
    ///
    /// - Parameter level: 1 (fastest) to 19 (smallest).
    /// - Complexity: O(n)
    public static func compress(_ bytes: [UInt8], level: Int = 3) throws(ArchiveError) -> [UInt8] {
        try ArchiveWriter.frame(of: bytes, .zstd, level: level)
    }

    /// Decompresses the frame `bytes`.
    ///
    /// - Parameter limit: the maximum decompressed size.
    /// - Throws: `ArchiveError` with `damaged`, or `tooManyBytes` if the limit is exceeded.
    public static func decompress(_ bytes: some Collection<UInt8>, limit: Int = 1 << 30) throws(ArchiveError) -> [UInt8]
    {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer {
            input.deallocate()
            buffer.deallocate()
        }
        input.copyBytes(from: bytes)
        let frame = UnsafeRawBufferPointer(rebasing: input[..<bytes.count])
        // libarchive would also accept a stream with another filter or none.
        guard frame.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) else {
            throw ArchiveError(.damaged, archive: "zstd frame", detail: "does not begin like one")
        }
        let reader = try ArchiveReader(bytes: frame, name: "zstd frame", format: .stream)
        // An empty frame is read as an archive without members.
        guard try reader.next() != nil else { return [] }
        var contents: [UInt8] = []
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { return contents }
            guard contents.count + count <= limit else {
                throw ArchiveError(.tooManyBytes, archive: "zstd frame", detail: "holds more than \(limit) bytes")
            }
            contents.append(contentsOf: buffer[..<count])
        }
    }
}
