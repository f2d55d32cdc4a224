public import Core

/// Archives of root file systems that several machines share, by the digests of their descriptions. Functions may block unless
/// they are asynchronous.
///
/// - SeeAlso: `docs/decisions/0235-shared-roots.md`
public protocol SharedRoots: Sendable {
    /// Adds the archive of a root file system, unless one is there. The file stays.
    func put(_ environment: Digest, archive: String) throws

    /// Writes the archive of a root file system into a new file, at most `limit` bytes.
    ///
    /// - Returns: false if it is not there, and nothing was written.
    func get(_ environment: Digest, to archive: String, limit: Int) throws -> Bool

    /// Keeps other machines from making a root file system as long as the returned object lives. Where another machine makes it,
    /// waits until that has ended.
    ///
    /// - Returns: nil if another machine had it.
    func claim(_ environment: Digest) async throws -> SharedRootClaim?
}

/// The right to make a root file system for all machines.
public final class SharedRootClaim: Sendable {
    private let end: @Sendable () -> Void

    /// - Parameter end: gives the right back.
    public init(end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit { end() }
}
