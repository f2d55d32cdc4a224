public import Archive
public import Core
import Glibc
import Supervision
public import System

/// The files that a build added to its environment, as a content-addressed archive.
public struct Layer: Hashable, Sendable {
    /// The digest of the archive, which is its name.
    public var digest: Digest
    /// The size of the archive in bytes.
    public var size: Int
    /// The number of files, directories, links and whiteouts.
    public var entries: Int
    /// The skipped sockets, FIFOs and devices.
    public var skipped: [String]
}

/// The layers of this machine: each as an archive, for transfer, and unpacked, for stacking.
///
/// ```
/// DIGEST/         an unpacked layer, created on demand and never changed
/// states/DIGEST   the state of that directory when it was created
/// locks/KEY       held while a layer is built or unpacked
/// incoming/       layers that are being unpacked
/// boot            the boot in which the directories were unpacked, and how their owners are stored
/// ```
/// These are a cache; the archives, `ab/DIGEST`, are in a directory that may be elsewhere, such as the objects of a
/// store. Verified archives are marked (`VerifiedFile`).
///
/// Everything is written to a temporary file or directory and renamed: a killed process leaves no incomplete layer.
/// Other changes of files are detected before they are used: a layer exists only if its archive matches its digest, and
/// an unpacked directory that was changed is unpacked again.
///
/// - SeeAlso: `docs/decisions/0054-layer-directories.md`
/// - SeeAlso: `docs/decisions/0111-verified-inputs.md`
public struct LayerStore: Sendable {
    /// The directory of the unpacked layers.
    public let directory: String
    /// The directory of the archives.
    let archives: String
    private let usage: CacheUsage?
    private let mapping = IdentityMapping.ofThisProcess
    /// The limits of a layer.
    public var limits: TreeLimits

    /// - Parameters:
    ///   - archives: the directory of the archives; nil for `objects` in the directory.
    ///   - usage: is notified of each use of an unpacked layer.
    public init(
        _ directory: String, archives: String? = nil, usage: CacheUsage? = nil, limits: TreeLimits = TreeLimits()
    ) {
        self.directory = directory
        self.archives = archives ?? "\(directory)/objects"
        self.usage = usage
        self.limits = limits
    }

    /// Waits until no other task or process builds the layer with this key.
    ///
    /// The process that acquires the lock must first check whether the layer exists by then.
    public func lock(building key: String) async throws -> ExclusiveLock {
        try await ExclusiveLock.acquire("\(directory)/locks/\(key)")
    }

    /// Stores `changes`, the upper directory of an overlay, as a layer.
    ///
    /// Equal changes give equal layers: members are sorted, times are one second after 1970, and set-user-ID bits are
    /// dropped. Removed files are recorded as whiteouts.
    ///
    /// - Parameters:
    ///   - paths: paths relative to `changes`.
    ///   - excluded: paths to skip with everything below them.
    ///   - keepsOwners: whether files keep their owners in the sandbox; otherwise, and if this process has a single
    ///     user, they belong to the build user.
    /// - Throws: `Failure`, of the category `input` only if the changes exceed `limits` or have names that archives do
    ///   not support.
    public func capture(
        directory changes: String, paths: [String] = [""], excluding excluded: Set<String> = [],
        keepingOwners keepsOwners: Bool = false
    ) throws(Failure) -> Layer {
        let ownership: Packing.Ownership =
            keepsOwners && mapping.hasSeveralUsers ? .shifted(mapping.offset) : .fixed(LayerStore.builder)
        let scratch = try Files.scratchDirectory(in: incomingArchives)
        let archive = "\(scratch.path)/layer.tar.zst"
        let packing = Packing(timestamps: .fixed(1), ownership: ownership, whiteouts: true, limits: limits)
        let summary: Packing.Summary
        do {
            summary = try packing.pack(changes, paths: paths, excluding: excluded, to: archive)
        } catch {
            throw Failure(error.isCausedByTree ? .input : .unavailable, error.description)
        }
        let (digest, size) = try adopt(archive)
        return Layer(digest: digest, size: size, entries: summary.entries, skipped: summary.skipped)
    }

    /// The owner of built files if the owners seen by this process are meaningless.
    static let builder = Owner(user: Command.User.build.uid, group: Command.User.build.gid)

    /// Adds an archive from elsewhere; the file is moved.
    ///
    /// - Throws: `Failure` if its digest is not `expected`.
    public func add(_ archive: String, expected: Digest) throws(Failure) {
        let (digest, _) = try measure(archive)
        guard digest == expected else {
            throw Failure(.unavailable, "\(archive): digest mismatch: expected \(expected), found \(digest)")
        }
        _ = try adopt(archive)
    }

    /// The path of a layer's archive, whether it exists or not.
    public func object(_ digest: Digest) -> String {
        "\(archives)/\(digest.shard)/\(digest)"
    }

    /// A directory on the file system of the archives.
    private var incomingArchives: String { "\(archives)/incoming" }

    /// Whether the layer can be used: its archive is intact. A damaged one is removed, so that the layer is rebuilt.
    ///
    /// - Complexity: O(1) for an archive that was verified and not changed since, otherwise O(bytes).
    public func contains(_ digest: Digest) -> Bool {
        let file = object(digest)
        if VerifiedFile.isMarked(file) { return true }
        guard access(file, F_OK) == 0, let isIntact = try? isIntact(digest) else { return false }
        if !isIntact { removeTree(file) }
        return isIntact
    }

    /// The directory with the unpacked layer, which is unpacked if necessary. It must not be changed.
    ///
    /// - Throws: `Failure` of the category `unavailable`, also if the archive is missing or damaged; a damaged one is
    ///   removed, so that the layer is rebuilt. `CancellationError`.
    public func unpacked(_ digest: Digest) async throws -> String {
        let path = "\(directory)/\(digest)"
        try usage?.noteUse(.layer, digest)
        if state(ofUnpacked: digest) != nil { return path }
        let lock = try await ExclusiveLock.acquire("\(directory)/locks/unpack-\(digest)")
        defer { withExtendedLifetime(lock) {} }
        if state(ofUnpacked: digest) != nil { return path }
        try discard(digest)
        let scratch = try Files.scratchDirectory(in: "\(directory)/incoming")
        try extract(digest, to: "\(scratch.path)/layer")
        try move("\(scratch.path)/layer", to: path)
        try noteState(of: digest)
        usage?.noteSize(.layer, digest, at: path)
        return path
    }

    private func extract(_ digest: Digest, to path: String) throws {
        let archive = object(digest)
        guard access(archive, F_OK) == 0 else {
            throw Self.lost(digest, "is missing: there is no '\(archive)'")
        }
        guard try isIntact(digest) else {
            removeTree(archive)
            throw Self.lost(digest, "is damaged: '\(archive)' does not have the digest of its name")
        }
        try extract(archive, to: path)
    }

    private func extract(_ archive: String, to path: String) throws(Failure) {
        let extraction = Extraction(
            links: .anywhere, ownership: mapping.hasSeveralUsers ? .shifted(mapping.offset) : .extractor,
            whiteouts: true, limits: limits)
        do {
            try extraction.extract(archive, to: path)
        } catch {
            throw Failure(.unavailable, error.description)
        }
    }

    private static func lost(_ digest: Digest, _ problem: String) -> Failure {
        Failure(.unavailable, "the layer \(digest) \(problem)", hint: "the job that made it has to run again")
    }

    /// The state of the layer's directory; nil if it was changed since it was unpacked.
    ///
    /// - Complexity: O(entries), one system call for each.
    public func state(ofUnpacked digest: Digest) -> Digest? {
        guard let noted = contents(of: "\(directory)/states/\(digest)").flatMap({ Digest(hex: $0) }),
            TreeState(of: "\(directory)/\(digest)", .metadata)?.digest == noted
        else { return nil }
        return noted
    }

    /// Compares an unpacked layer in a different state with its archive. If it is equal, because it was copied or only
    /// touched, its current state is recorded.
    ///
    /// - Returns: whether it is equal, or was removed in the meantime; nil if this store has no intact archive of it.
    /// - Complexity: O(bytes); the archive is unpacked into a scratch directory.
    func isEqualToArchive(unpacked digest: Digest) throws(Failure) -> Bool? {
        let archive = object(digest)
        guard access(archive, F_OK) == 0, try isIntact(digest) else { return nil }
        let scratch = try Files.scratchDirectory(in: "\(directory)/incoming")
        try extract(archive, to: "\(scratch.path)/layer")
        guard let expected = TreeState(of: "\(scratch.path)/layer", .contents),
            TreeState(of: "\(directory)/\(digest)", .contents) == expected
        else { return !isUnpacked(digest) }
        try noteState(of: digest)
        return true
    }

    /// The digest of the layer that is unpacked in `directory`; nil for any other directory.
    public func digest(ofUnpacked directory: String) -> Digest? {
        guard directory.hasPrefix(self.directory + "/") else { return nil }
        return Digest(hex: String(directory.dropFirst(self.directory.count + 1)))
    }

    private func noteState(of digest: Digest) throws(Failure) {
        guard let state = TreeState(of: "\(directory)/\(digest)", .metadata) else {
            throw Failure(.unavailable, "\(directory)/\(digest): cannot be read")
        }
        try Files.makeDirectories("\(directory)/states", mode: 0o755)
        let file = "\(directory)/states/\(digest)"
        if FileStatus(file)?.isDirectory == true { removeTree(file) }
        try Files.replace(file, with: Array(state.digest.hex.utf8), mode: 0o644, durability: .none)
    }

    /// Removes incomplete files of killed processes. Must be called when a program starts.
    ///
    /// After a reboot it also removes the unpacked directories, because not all of their files may have reached the
    /// disk before the machine stopped. Archives are durable, and are unpacked again on demand. The same happens if the
    /// owner offset has changed. If something cannot be removed now, it is removed at the next start.
    public func removeLeftovers() {
        ScratchDirectory.removeLeftovers(in: "\(directory)/incoming")
        ScratchDirectory.removeLeftovers(in: incomingArchives)
        try? discardAfterBoot()
    }

    private func discardAfterBoot() throws(Failure) {
        guard let lock = try Files.lockIfFree("\(directory)/locks/boot") else { return }
        defer { withExtendedLifetime(lock) {} }
        let boot = (contents(of: "/proc/sys/kernel/random/boot_id") ?? "") + mapping.description
        guard boot != contents(of: "\(directory)/boot") else { return }
        for digest in unpackedLayers { try discard(digest) }
        try Files.replace("\(directory)/boot", with: Array(boot.utf8), mode: 0o644, durability: .none)
    }

    /// The layers that are unpacked.
    public var unpackedLayers: [Digest] { names(in: directory).compactMap { Digest(hex: $0) } }

    /// Removes an archive.
    public func removeArchive(_ digest: Digest) { unlink(object(digest)) }

    /// Removes an unpacked layer by one rename. No sandbox may be using it.
    public func discard(_ digest: Digest) throws(Failure) {
        unlink("\(directory)/states/\(digest)")
        guard isUnpacked(digest) else { return }
        // Renamed first, so that no reader finds an incomplete directory.
        let scratch = try Files.scratchDirectory(in: "\(directory)/incoming")
        try move("\(directory)/\(digest)", to: "\(scratch.path)/layer")
    }

    private func isUnpacked(_ digest: Digest) -> Bool {
        access("\(directory)/\(digest)", F_OK) == 0
    }

    private func adopt(_ archive: String) throws(Failure) -> (Digest, Int) {
        let (digest, size) = try measure(archive)
        try Files.makeDirectories("\(archives)/\(digest.shard)", mode: 0o755)
        try move(archive, to: object(digest))
        VerifiedFile.mark(object(digest))
        return (digest, size)
    }

    // MARK: Verified archives

    /// Reads the archive and compares it with its digest.
    ///
    /// - Throws: `Failure` if it cannot be read.
    func isIntact(_ digest: Digest) throws(Failure) -> Bool {
        let file = object(digest)
        var status = stat()
        guard lstat(file, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else { return false }
        let (found, _) = try measure(file)
        if found == digest { VerifiedFile.mark(file) }
        return found == digest
    }

    private func move(_ source: String, to destination: String) throws(Failure) {
        // An obstacle is damage: a directory instead of a file, or vice versa.
        try Files.move(source, over: destination)
    }

    private func measure(_ file: String) throws(Failure) -> (Digest, Int) {
        let opened = try Files.File(file, O_RDONLY | O_NOFOLLOW)
        return (try Digest(of: opened), opened.size)
    }
}

extension ArchiveError {
    /// Whether the error is caused by the packed tree, not by this machine.
    fileprivate var isCausedByTree: Bool {
        switch code {
        case .tooManyEntries, .tooManyBytes, .tooDeep, .unsafePath, .linkOutside, .specialFile: true
        case .damaged, .noSuchMember, .system: false
        }
    }
}
