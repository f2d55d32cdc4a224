import Archive
public import Core
import Glibc
import Supervision
import System

/// The root file systems of this machine, each made once and never changed.
///
/// ```
/// DIGEST/          a root file system
/// DIGEST.log       what making it printed
/// DIGEST.state     its state when it was made
/// DIGEST.owners    how far the ids of its owners are moved up (`IdentityMapping`); without it, they are as inside
/// cache/           downloads that outlive one making
/// incoming/        what is being made
/// locks/DIGEST     who makes it
/// refuted/         root file systems that failed their check, for a corrected description
/// ```
public struct EnvironmentStore: Sendable {
    public let directory: String
    private let usage: CacheUsage?

    /// - Parameter usage: is notified of each use of a root file system.
    public init(_ directory: String, usage: CacheUsage? = nil) {
        self.directory = directory
        self.usage = usage
    }

    /// The root file systems that are there.
    public var digests: [Digest] { names(in: directory).compactMap { Digest(hex: $0) } }

    /// The root file system called `digest`, if it is there.
    public func existing(_ digest: Digest) -> String? {
        let place = "\(directory)/\(digest)"
        return access(place, F_OK) == 0 && storedOffset(digest) == IdentityMapping.ofThisProcess.offset ? place : nil
    }

    private func storedOffset(_ digest: Digest) -> UInt32 {
        contents(of: "\(directory)/\(digest).owners").flatMap { UInt32($0) } ?? 0
    }

    /// Records how the owners of `digest`, which is in place or about to be, are stored.
    private func recordOffset(_ digest: Digest) throws(Failure) {
        let file = "\(directory)/\(digest).owners"
        try Files.replace(
            file, with: Array("\(IdentityMapping.ofThisProcess.offset)".utf8), mode: 0o644, durability: .none)
    }

    /// Gives files that were stored with other owners the ones that this process's sandboxes have.
    package func shift(_ root: String, from offset: UInt32) throws(Failure) {
        do {
            try shiftOwners(of: root, from: offset, to: IdentityMapping.ofThisProcess.offset)
        } catch {
            throw Failure(.unavailable, error.description)
        }
    }

    /// Does so with the root file system in place; an interrupted call leaves one that is not intact.
    private func shift(_ digest: Digest) throws(Failure) {
        let place = "\(directory)/\(digest)"
        try shift(place, from: storedOffset(digest))
        try recordOffset(digest)
        try note(Stamp(of: place), of: digest)
    }

    /// What a root file system is like: first by the metadata of its files, which is quickly compared, then by their
    /// contents, which are the same in a copy.
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

    /// Whether the root file system is as it was when it was made, or last compared.
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
        let place = "\(directory)/\(digest).state"
        try Files.replace(place, with: Array(stamp.text.utf8), mode: 0o644, durability: .none)
    }

    /// Whether the root file system is as it was made; one that was only copied is.
    func isIntact(_ digest: Digest) throws(Failure) -> Bool {
        if isUnchanged(digest) { return true }
        let found = try Stamp(of: "\(directory)/\(digest)")
        // One without a stamp is of a version that made none.
        if let made = stamp(of: digest), made.contents != found.contents { return false }
        try note(found, of: digest)
        return true
    }

    /// Removes a root file system, by one rename. No sandbox may be using it.
    public func discard(_ digest: Digest) throws(Failure) {
        let aside = try Files.scratchDirectory(in: "\(directory)/incoming")
        try Files.rename("\(directory)/\(digest)", "\(aside.path)/root")
        unlink("\(directory)/\(digest).state")
    }

    /// The file with what making the root file system printed.
    public func log(_ digest: Digest) -> String { "\(directory)/\(digest).log" }

    /// The root file system called `digest`, made by `fill` if it is not there, or not as it was made. Of several tasks and
    /// processes that ask for the same one, one makes it and the others wait. A killed maker leaves nothing that is
    /// mistaken for it.
    ///
    /// - Parameters:
    ///   - recipe: identifies what `fill` makes, apart from what `check` compares. A root file system that it made for
    ///     another digest, and whose check failed, is checked again instead of made again. Nil: always made.
    ///   - begin: is called when it has to be made, which takes minutes.
    ///   - fill: makes the root file system in an empty directory.
    ///   - check: is called with the new root file system before it is put in place; it may refuse by throwing.
    /// - Throws: what `fill` and `check` throw; `Failure` of the category `unavailable`; `CancellationError`.
    package func make(
        _ digest: Digest, recipe: Digest?, begin: @Sendable () -> Void,
        fill: @Sendable (_ root: String) async throws -> Void, check: @Sendable (_ root: String) async throws -> Void
    ) async throws -> String {
        try usage?.noteUse(.environment, digest)
        if let place = existing(digest), isUnchanged(digest) { return place }
        let lock = try await ExclusiveLock.acquire("\(directory)/locks/\(digest)")
        defer { withExtendedLifetime(lock) {} }
        let place = "\(directory)/\(digest)"
        if access(place, F_OK) == 0 {
            if try isIntact(digest) {
                if existing(digest) == nil { try shift(digest) }
                return place
            }
            try discard(digest)
        }
        begin()
        ScratchDirectory.removeLeftovers(in: incoming)
        let aside = try Files.scratchDirectory(in: incoming)
        let root = "\(aside.path)/root"
        // A refuted root file system is of use only with the owners that this process's sandboxes have.
        let recipe = recipe.map { Digest(of: "\($0) \(IdentityMapping.ofThisProcess.offset)") }
        let refuted = RefutedRoots(directory: "\(directory)/refuted")
        let isReused = recipe.map { refuted.take($0, for: digest, to: root) } ?? false
        if !isReused {
            try Files.makeDirectories(root, mode: 0o755)
            try Files.makeDirectories(cache, mode: 0o755)
            try await fill(root)
        }
        do {
            try await check(root)
        } catch {
            if let recipe { refuted.keep(root, madeBy: recipe, refusedBy: digest, isNew: !isReused) }
            throw error
        }
        try recordOffset(digest)
        try note(try await put(root, at: place), of: digest)
        usage?.noteSize(.environment, digest, at: place)
        if let recipe { refuted.forget(recipe) }
        return place
    }

    /// Where what is being made is kept.
    package var incoming: String { "\(directory)/incoming" }

    /// Downloads that outlive one making.
    package var cache: String { "\(directory)/cache" }

    /// Puts the finished root file system in place, once all of it is on disk. Its contents are read meanwhile.
    private func put(_ root: String, at place: String) async throws -> Stamp {
        async let contents = BlockingWork.run { TreeState(of: root, .contents) }
        try await BlockingWork.run { try Files.synchronizeFileSystem(of: root) }
        guard let contents = await contents else { throw Failure(.unavailable, "\(root): cannot be read") }
        try Files.rename(root, place)
        guard let metadata = TreeState(of: place, .metadata) else {
            throw Failure(.unavailable, "\(place): cannot be read")
        }
        return Stamp(metadata: metadata.digest, contents: contents.digest)
    }
}
