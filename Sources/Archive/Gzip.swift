/// Compresses buffers by gzip, as in HTTP's content coding of that name.
public enum Gzip {
    /// `bytes` as one gzip member without a name and a time: equal bytes give equal members.
    ///
    /// - Parameter level: 1 (fastest) to 9 (smallest).
    /// - Complexity: O(n)
    public static func compress(_ bytes: [UInt8], level: Int = 6) throws(ArchiveError) -> [UInt8] {
        try ArchiveWriter.frame(of: bytes, .gzip, level: level)
    }
}
