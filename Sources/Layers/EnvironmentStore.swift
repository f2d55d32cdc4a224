import Archive
public import Core
import Glibc
import Supervision
import System

/// The root file systems of this machine, which are immutable.
///
/// ```
/// DIGEST/          a root file system
/// DIGEST.log       the output of its creation
/// DIGEST.state     its state when it was created
/// DIGEST.owners    the offset that is added to the ids of its owners (`IdentityMapping`); 0 without this file
/// cache/           downloads, which are kept for other root file systems
/// incoming/        root file systems that are being created
/// locks/DIGEST     held while it is created
/// refuted/         root file systems that failed their check, for a corrected description (`RejectedRoots`)
/// ```
public struct EnvironmentStore: Sendable {
    /// The directory of the root file systems.
    public let directory: String
    private let usage: CacheUsage?

    /// - Parameter usage: is notified of each use of a root file system.
    public init(_ directory: String, usage: CacheUsage? = nil) {
        self.directory = directory
        self.usage = usage
    }

    /// The digests of the stored root file systems.
    public var digests: [Digest] { names(in: directory).compactMap { Digest(hex: $0) } }

    /// The path of the root file system for `digest`, if it exists.
    public func existing(_ digest: Digest) -> String? {
        let path = "\(directory)/\(digest)"
        return access(path, F_OK) == 0 && storedOffset(digest) == IdentityMapping.ofThisProcess.offset ? path : nil
    }

    private func storedOffset(_ digest: Digest) -> UInt32 {
        contents(of: "\(directory)/\(digest).owners").flatMap { UInt32($0) } ?? 0
    }

    /// Records the owner offset of the root file system for `digest`, which is stored or about to be.
    private func recordOffset(_ digest: Digest) throws(Failure) {
        let file = "\(directory)/\(digest).owners"
        try Files.replace(
            file, with: Array("\(IdentityMapping.ofThisProcess.offset)".utf8), mode: 0o644, durability: .none)
    }

    /// Changes the owners of files stored with another offset to those of this process's sandboxes.
    package func shift(_ root: String, from offset: UInt32) throws(Failure) {
        do {
            try shiftOwners(of: root, from: offset, to: IdentityMapping.ofThisProcess.offset)
        } catch {
            throw Failure(.unavailable, error.description)
        }
    }

    /// Changes the owners of a stored root file system; an interrupted call leaves it damaged.
    private func shift(_ digest: Digest) throws(Failure) {
        let path = "\(directory)/\(digest)"
        try shift(path, from: storedOffset(digest))
        try recordOffset(digest)
        try note(Stamp(of: path), of: digest)
    }

    /// The state of a root file system: first its files' metadata, which are compared quickly, then their contents,
    /// which are equal in a copy.
    private struct Stamp {
        var metadata: Digest
        var contents: Digest

        /// - Throws: `Failure` if the root file system cannot be read.
        init(of root: String) throws(Failure) {
            guard let metadata = TreeState(of: root, .metadata), let contents = TreeState(of: root, .contents) else {
                throw Failure(.unavailable, "\(root): cannot be read")
            }
            (self.metadata, self.contents) = (metadata.digest, contents.digest)
        }

        init?(text: String) {
            let digests = text.split(separator: "\n", omittingEmptySubsequences: false).map { Digest(hex: String($0)) }
            guard digests.count == 3, let metadata = digests[0], let contents = digests[1] else { return nil }
            (self.metadata, self.contents) = (metadata, contents)
        }

        init(metadata: Digest, contents: Digest) {
            (self.metadata, self.contents) = (metadata, contents)
        }

        var text: String { "\(metadata)\n\(contents)\n" }
    }

    /// Whether the root file system is unchanged since it was created or last compared.
    ///
    /// - Complexity: O(entries), one system call for each.
    public func isUnchanged(_ digest: Digest) -> Bool {
        guard let stamp = stamp(of: digest) else { return false }
        return TreeState(of: "\(directory)/\(digest)", .metadata)?.digest == stamp.metadata
    }

    private func stamp(of digest: Digest) -> Stamp? {
        contents(of: "\(directory)/\(digest).state").flatMap { Stamp(text: $0) }
    }

    private func note(_ stamp: Stamp, of digest: Digest) throws(Failure) {
        let path = "\(directory)/\(digest).state"
        try Files.replace(path, with: Array(stamp.text.utf8), mode: 0o644, durability: .none)
    }

    /// Whether the contents of the root file system are unchanged since it was created; a copy counts as unchanged.
    func isIntact(_ digest: Digest) throws(Failure) -> Bool {
        if isUnchanged(digest) { return true }
        let found = try Stamp(of: "\(directory)/\(digest)")
        // One without a stamp was created by a version that recorded none.
        if let recorded = stamp(of: digest), recorded.contents != found.contents { return false }
        try note(found, of: digest)
        return true
    }

    /// Removes a root file system by one rename. No sandbox may be using it.
    public func discard(_ digest: Digest) throws(Failure) {
        let scratch = try Files.scratchDirectory(in: "\(directory)/incoming")
        try Files.rename("\(directory)/\(digest)", "\(scratch.path)/root")
        unlink("\(directory)/\(digest).state")
    }

    /// The file with the output of creating the root file system.
    public func log(_ digest: Digest) -> String { "\(directory)/\(digest).log" }

    /// The root file system for `digest`, which is created by `fill` if it does not exist or has been changed. If
    /// several tasks and processes request the same one, one creates it and the others wait. A killed process leaves no
    /// incomplete root file system.
    ///
    /// - Parameters:
    ///   - recipe: identifies what `fill` creates, independent of what `check` compares. A root file system that `fill`
    ///     created for another digest, and whose check failed, is checked again instead of created again. If nil, it is
    ///     always created.
    ///   - begin: called if it has to be created, which takes minutes.
    ///   - fill: creates the root file system in an empty directory.
    ///   - check: called with the new root file system before it is stored; may reject it by throwing.
    /// - Throws: the errors of `fill` and `check`; `Failure` of the category `unavailable`; `CancellationError`.
    package func make(
        _ digest: Digest, recipe: Digest?, begin: @Sendable () -> Void,
        fill: @Sendable (_ root: String) async throws -> Void, check: @Sendable (_ root: String) async throws -> Void
    ) async throws -> String {
        try usage?.noteUse(.environment, digest)
        if let path = existing(digest), isUnchanged(digest) { return path }
        let lock = try await ExclusiveLock.acquire("\(directory)/locks/\(digest)")
        defer { withExtendedLifetime(lock) {} }
        let path = "\(directory)/\(digest)"
        if access(path, F_OK) == 0 {
            if try isIntact(digest) {
                if existing(digest) == nil { try shift(digest) }
                return path
            }
            try discard(digest)
        }
        begin()
        ScratchDirectory.removeLeftovers(in: incoming)
        let scratch = try Files.scratchDirectory(in: incoming)
        let root = "\(scratch.path)/root"
        // A rejected root file system is only usable with the owner offset of this process's sandboxes.
        let recipe = recipe.map { Digest(of: "\($0) \(IdentityMapping.ofThisProcess.offset)") }
        let rejected = RejectedRoots(directory: "\(directory)/refuted")
        let isReused = recipe.map { rejected.take($0, for: digest, to: root) } ?? false
        if !isReused {
            try Files.makeDirectories(root, mode: 0o755)
            try Files.makeDirectories(cache, mode: 0o755)
            try await fill(root)
        }
        do {
            try await check(root)
        } catch {
            if let recipe { rejected.keep(root, createdBy: recipe, rejectedBy: digest, isNew: !isReused) }
            throw error
        }
        try recordOffset(digest)
        try note(try await moveIntoPlace(root, at: path), of: digest)
        usage?.noteSize(.environment, digest, at: path)
        if let recipe { rejected.forget(recipe) }
        return path
    }

    /// The directory of unfinished root file systems.
    package var incoming: String { "\(directory)/incoming" }

    /// The directory of downloads, which are kept.
    package var cache: String { "\(directory)/cache" }

    /// Moves the finished root file system to its path, once all of it is on disk. Meanwhile, its contents are read.
    private func moveIntoPlace(_ root: String, at path: String) async throws -> Stamp {
        async let contents = BlockingWork.run { TreeState(of: root, .contents) }
        try await BlockingWork.run { try Files.synchronizeFileSystem(of: root) }
        guard let contents = await contents else { throw Failure(.unavailable, "\(root): cannot be read") }
        try Files.rename(root, path)
        guard let metadata = TreeState(of: path, .metadata) else {
            throw Failure(.unavailable, "\(path): cannot be read")
        }
        return Stamp(metadata: metadata.digest, contents: contents.digest)
    }
}
