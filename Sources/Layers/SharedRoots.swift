public import Core

/// Archives of root file systems shared by several machines, by the digests of their descriptions. Functions may block
/// unless they are asynchronous.
///
/// - SeeAlso: `docs/decisions/0235-shared-roots.md`
public protocol SharedRoots: Sendable {
    /// Uploads the archive of a root file system unless one exists. The file is kept.
    func put(_ environment: Digest, archive: String) throws

    /// Downloads the archive of a root file system of at most `limit` bytes to a new file.
    ///
    /// - Returns: false if it does not exist and nothing was written.
    func get(_ environment: Digest, to archive: String, limit: Int) throws -> Bool

    /// Prevents other machines from creating a root file system for the lifetime of the returned object. If another
    /// machine is creating it, waits for its end.
    ///
    /// - Returns: nil if another machine was creating it.
    func claim(_ environment: Digest) async throws -> SharedRootClaim?
}

/// The exclusive right among all machines to create a root file system.
public final class SharedRootClaim: Sendable {
    private let end: @Sendable () -> Void

    /// - Parameter end: releases the right.
    public init(end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit { end() }
}
