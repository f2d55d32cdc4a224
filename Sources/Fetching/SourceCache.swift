internal import Archive
package import Core
internal import Foundation
internal import Git
package import Layers
internal import Logging
package import OpamFormat
internal import OpamSwitch
internal import Supervision
internal import System

/// The sources of packages as archives: a directory in the layout of opam's download cache, filled from other caches,
/// mirrors and the sources' own URLs.
///
/// ```
/// md5/96/96c6ee50a32cca9ca277321262dbec57    the file's name is its digest
/// sha256/2d/2df996279ae16b…                  the same file under another digest
/// git/3f2a….git                              a bare copy of a remote repository: a source, or a repository of packages
/// git/commits/4190ec4e….tar                  the contents of a commit, with its submodules
/// incoming/                                  sources that are being fetched
/// ```
/// A file is accepted only if it matches every checksum in the opam file, as in opam; a repository is only provided at
/// an exact commit. If several jobs request the same source, one of them fetches it. Fetched files are written to
/// temporary files and renamed.
///
/// - SeeAlso: `docs/decisions/0165-one-repository-copy.md`
package actor SourceCache {
    /// Downloads a file from a URL.
    package typealias Download = @Sendable (_ url: String, _ file: String, _ limit: Int) async throws -> Void

    /// Downloads the file with a SHA-256 digest from storage shared by several machines; false if it does not exist.
    package typealias SharedSource = @Sendable (_ digest: Digest, _ file: String) async throws -> Bool

    private let directory: String
    private let usage: CacheUsage?
    private let others: [String]
    private let objects: String?
    /// The URLs of mirrors; each ends with a slash.
    private let mirrors: [String]
    private let limit: Int
    private let timeout: Duration
    private let download: Download
    private let shared: SharedSource?
    private let running = AsyncMemo<Source, String>(keepingValues: false)

    /// - Parameters:
    ///   - directory: the directory to fill; need not exist.
    ///   - usage: is notified of each use of an entry; nil if nothing is ever removed from the directory.
    ///   - others: read-only caches in the same layout.
    ///   - objects: the directory of a store's objects, which include the sources whose checksum a plan determined.
    ///   - mirrors: URLs of caches in the same layout, `http:`, `https:` or `file:`.
    ///   - limit: the maximum size of one source in bytes.
    ///   - timeout: the time limit for one git repository; `download` has its own.
    ///   - shared: downloads sources from storage shared by several machines; nil if there is none.
    package init(
        _ directory: String, usage: CacheUsage? = nil, others: [String] = [], objects: String? = nil,
        mirrors: [String] = [], limit: Int = 1 << 30, timeout: Duration = .seconds(1800),
        download: @escaping Download = SourceDownloader().download, shared: SharedSource? = nil
    ) {
        self.directory = directory
        self.objects = objects
        self.shared = shared
        self.usage = usage
        self.others = others + mirrors.compactMap(SourceAddress.localPath)
        self.mirrors = mirrors.filter { SourceAddress.localPath($0) == nil }.map { $0.hasSuffix("/") ? $0 : "\($0)/" }
        self.limit = limit
        self.timeout = timeout
        self.download = download
    }

    /// The archive of `source`, fetched if necessary.
    ///
    /// - Parameter package: the package, for messages.
    /// - Throws: `SourceError`; `CancellationError`.
    package func file(_ source: Source, of package: String) async throws -> String {
        let address = SourceAddress(source.url)
        if case .unsupported(let system) = address { throw unsupported(system, source, package) }
        if case .git(let url, let revision) = address {
            guard let revision, SourceAddress.isCommit(revision) else {
                _ = try await commit(at: revision, of: url)
                throw SourceError(
                    .moved, "\(package): \(source.url): the plan does not contain its commit; plan again")
            }
        } else if source.checksums.isEmpty {
            throw SourceError(.rejected, "\(package): \(source.url) has no checksum, so the file cannot be verified")
        }
        return try await running.value(for: source) {
            if case .git(let url, let commit?) = address { return try await self.archive(of: commit, from: url) }
            return try await self.find(source, of: package)
        }
    }

    private nonisolated func unsupported(_ system: String, _ source: Source, _ package: String) -> SourceError {
        SourceError(
            .missing,
            "\(package): \(source.url): sources of \(system) cannot be fetched; only git repositories and archives can")
    }

    /// Records the use of an entry of the directory. If that fails, it is evicted earlier.
    private nonisolated func noteUse(_ path: String) {
        try? usage?.noteUse(.source, SourceCacheEntry.digest(of: path))
    }

    private nonisolated func noteUse(ofCopyOf url: String) {
        noteUse(String(GitMirror.path(of: url, in: "git")))
    }

    private func find(_ source: Source, of package: String) async throws -> String {
        for checksum in source.checksums { noteUse(checksum.path) }
        var errors: [SourceError] = []
        for checksum in source.checksums {
            for path in paths(of: checksum) {
                guard FileManager.default.fileExists(atPath: path) else { continue }
                // A damaged cache entry is not the package's fault: it is fetched again.
                let isSound = (try? verify(path, source, from: path, of: package)) != nil
                logger.debug(
                    "source cache \(isSound ? "hit" : "damaged")",
                    metadata: ["package": "\(package)", "file": "\(path)"])
                if isSound { return path }
            }
        }
        let incoming = try incoming()
        defer { withExtendedLifetime(incoming) {} }
        let file = "\(incoming.path)/file"
        do {
            if try await obtainShared(source, file), (try? verify(file, source, from: file, of: package)) != nil {
                return try keep(file, source.checksums)
            }
        } catch let error as SourceError {
            errors.append(error)
        }
        for url in addresses(of: source) {
            try Task.checkCancellation()
            do {
                try await obtain(url, file)
                try verify(file, source, from: url, of: package)
                return try keep(file, source.checksums)
            } catch var error as SourceError {
                // A wrong file from the runner's own mirror is not the package's fault.
                if error.kind == .rejected, isOwnMirror(url) { error.kind = .network }
                errors.append(error)
            }
        }
        throw worst(of: errors, source, package)
    }

    private func paths(of checksum: Checksum) -> [String] {
        let paths = ([directory] + others).map { "\($0)/\(checksum.path)" }
        guard let objects, let digest = checksum.digest else { return paths }
        return paths + ["\(objects)/\(digest.shard)/\(digest)"]
    }

    /// The file with a checksum that `exact` assigned to a source; nil if it was removed in the meantime.
    package nonisolated func file(with checksum: Checksum) -> String? {
        let path = "\(directory)/\(checksum.path)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// A directory for downloads. Downloads of killed processes are removed.
    private func incoming() throws -> ScratchDirectory {
        ScratchDirectory.removeLeftovers(in: "\(directory)/incoming")
        return try Files.scratchDirectory(in: "\(directory)/incoming")
    }

    /// Downloads the file from the storage shared by several machines.
    ///
    /// - Returns: Whether it is there.
    /// - Throws: `SourceError` if the storage cannot be read: a file that is not found elsewhere is then not `missing`.
    private func obtainShared(_ source: Source, _ file: String) async throws -> Bool {
        guard let shared else { return false }
        for digest in source.checksums.compactMap(\.digest) {
            do {
                if try await shared(digest, file) { return true }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                let failure = Failure(describing: error)
                throw SourceError(.network, "\(source.url): \(failure)", hint: failure.diagnostics.first?.hint)
            }
        }
        return false
    }

    private func obtain(_ url: String, _ file: String) async throws {
        logger.debug("fetching a source", metadata: ["url": "\(url)"])
        guard let path = SourceAddress.localPath(url) else { return try await download(url, file, limit) }
        do {
            try LocalSource(path: path).copy(to: file, limit: limit)
        } catch let error as SourceError where error.kind == .missing && shared != nil {
            throw SourceError(
                .system, "\(path): this machine does not have it, nor does the storage shared with other machines",
                hint: "run 'ci plan' again where the file is")
        }
    }

    /// The URLs to try: mirrors first, by each checksum; then the URL in the opam file and its own mirrors.
    private func addresses(of source: Source) -> [String] {
        mirrors.flatMap { mirror in
            source.checksums.map { "\(mirror)\($0.path)" }
        } + ([source.url] + source.mirrors)
    }

    private func isOwnMirror(_ url: String) -> Bool { mirrors.contains { url.hasPrefix($0) } }

    /// The error to report: a failure to write on this machine takes precedence over all others, and a wrong file over
    /// a missing one.
    private func worst(of errors: [SourceError], _ source: Source, _ package: String) -> SourceError {
        for kind in [SourceError.Kind.system, .foreign, .rejected, .moved, .network, .damaged, .missing] {
            if let first = errors.last(where: { $0.kind == kind }) { return first }
        }
        return SourceError(.missing, "\(package): \(source.url): there is nothing to fetch")
    }

    private func verify(_ file: String, _ source: Source, from origin: String, of package: String) throws(SourceError) {
        for checksum in source.checksums {
            guard let found = Checksum(ofFile: file, checksum.kind) else {
                throw SourceError(.system, "\(file): cannot be read")
            }
            guard found == checksum else {
                let isDirectory = SourceAddress.localPath(origin).map { LocalSource(path: $0).isDirectory } ?? false
                throw SourceError(
                    isDirectory ? .moved : .rejected,
                    "\(package): checksum mismatch for \(origin): expected \(checksum), found \(found)")
            }
        }
    }

    /// Stores a verified file under its checksums.
    private func keep(_ file: String, _ checksums: [Checksum]) throws -> String {
        let manager = FileManager.default
        for checksum in checksums.reversed() {
            let path = "\(directory)/\(checksum.path)"
            try manager.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            let link = "\(file).\(checksum.kind.rawValue)"
            try manager.linkItem(atPath: file, toPath: link)
            // A directory at the file's path must be removed first.
            try SourceFiles.move(link, over: path)
        }
        return "\(directory)/\(checksums[0].path)"
    }
}

// MARK: Repositories of packages

extension SourceCache {
    /// A bare repository on this machine with the requested commit of a remote one and its history.
    package struct RemoteRepository: Sendable {
        /// The path of the repository in the cache.
        package var path: String
        /// The commit, 40 hexadecimal digits.
        package var commit: String
    }

    /// Fetches a remote repository's commit into its copy. A full commit id that the copy contains needs no network.
    ///
    /// - Parameters:
    ///   - url: The URL in git's notation.
    ///   - revision: A branch, a tag or an abbreviated commit id; nil for the default branch. It may be followed by
    ///     git's suffixes with `~` or `^`.
    /// - Throws: `SourceError`; `CancellationError`.
    package func repository(at url: String, revision: String?) async throws -> RemoteRepository {
        noteUse(ofCopyOf: url)
        let (mirrorDirectory, limit) = ("\(directory)/git", limit)
        return try await BlockingWork.run(within: timeout, late: SourceError.late(url)) { deadline in
            let fetch = {
                let mirror = try GitMirror(of: url, in: mirrorDirectory, limit: limit, deadline: deadline)
                return try mirror.obtain(revision)
            }
            let path = GitMirror.path(of: url, in: mirrorDirectory)
            do {
                return RemoteRepository(path: path, commit: try fetch())
            } catch let error as SourceError where error.kind == .damaged {
                return RemoteRepository(path: path, commit: try Self.replacingCopy(at: path, because: error, fetch))
            }
        }
    }
}

// MARK: Sources without a fixed version

extension SourceCache {
    /// The current exact version of `source`: the commit of a branch, a checksum for a directory or for a file without
    /// one. Sources that are already exact are returned unchanged.
    ///
    /// - Throws: `SourceError`; `CancellationError`.
    package func exact(_ source: Source, of package: String) async throws -> Source {
        guard SourceAddress.moves(source) else { return source }
        var exact = source
        exact.mirrors = []
        switch SourceAddress(source.url) {
        case .unsupported(let system): throw unsupported(system, source, package)
        case .git(let url, let revision):
            let commit = try await commit(at: revision, of: url)
            exact.url = "\(SourceAddress.split(source.url).address)#\(commit)"
            exact.checksums = []
        case .archive, .local:
            let incoming = try incoming()
            defer { withExtendedLifetime(incoming) {} }
            let file = "\(incoming.path)/file"
            try await obtain(source.url, file)
            guard let checksum = Checksum(ofFile: file, .sha256) else {
                throw SourceError(.system, "\(file): cannot be read")
            }
            exact.checksums = [checksum]
            noteUse(checksum.path)
            _ = try keep(file, exact.checksums)
        }
        return exact
    }

    private func commit(at revision: String?, of url: String) async throws -> String {
        noteUse(ofCopyOf: url)
        let (mirrorDirectory, limit) = ("\(directory)/git", limit)
        // The request transfers only a few kilobytes, and a plan may send many.
        let requestTimeout = min(timeout, .seconds(60))
        return try await BlockingWork.run(within: requestTimeout, late: SourceError.late(url)) { deadline in
            try GitMirror(of: url, in: mirrorDirectory, limit: limit, deadline: deadline).commit(at: revision)
                .description
        }
    }

    private func archive(of commit: String, from url: String) async throws -> String {
        noteUse("git/commits/\(commit).tar")
        for cache in [directory] + others {
            let path = "\(cache)/git/commits/\(commit).tar"
            if Self.isIntact(path) { return path }
        }
        noteUse(ofCopyOf: url)
        let (mirrorDirectory, limit) = ("\(directory)/git", limit)
        let file = "\(mirrorDirectory)/commits/\(commit).tar"
        try FileManager.default.createDirectory(
            atPath: "\(mirrorDirectory)/commits", withIntermediateDirectories: true)
        let incoming = try incoming()
        try await BlockingWork.run(within: timeout, late: SourceError.late(url)) { deadline in
            guard let id = ObjectID(hex: commit) else {
                throw SourceError(.missing, "\(url): '\(commit)' is not a commit")
            }
            let mirror = { try GitMirror(of: $0, in: mirrorDirectory, limit: limit, deadline: deadline) }
            let unfinished = "\(incoming.path)/commit.tar"
            let export = { try GitExport.write(id, of: mirror(url), to: unfinished, limit: limit, mirrors: mirror) }
            do {
                try export()
            } catch let error as SourceError where [.damaged, .network].contains(error.kind) {
                try Self.replacingCopy(at: GitMirror.path(of: url, in: mirrorDirectory), because: error, export)
            }
            try SourceFiles.rename(unfinished, file)
        }
        try Self.noteChecksum(of: file)
        return file
    }

    /// Runs `body` without the copy of a repository, which is only a cache and may be the cause of the failure. If
    /// `body` fails too, the copy is restored.
    private static func replacingCopy<Value>(
        at path: String, because error: SourceError, _ body: () throws -> Value
    ) throws -> Value {
        let old = "\(path).\(UUID().uuidString)"
        guard (try? SourceFiles.rename(path, old)) != nil else { throw error }
        do {
            let value = try body()
            removeTree(old)
            return value
        } catch {
            removeTree(path)
            try? SourceFiles.rename(old, path)
            throw error
        }
    }

    /// Whether the archive of a commit is unchanged since it was written; commits have no checksums of their archives.
    package static func isIntact(_ archive: String) -> Bool {
        guard let noted = contents(of: "\(archive).sha256") else { return false }
        return Checksum(ofFile: archive, .sha256)?.hexadecimal == noted
    }

    private static func noteChecksum(of archive: String) throws {
        guard let checksum = Checksum(ofFile: archive, .sha256) else {
            throw SourceError(.system, "\(archive): cannot be read")
        }
        try SourceFiles.replace("\(archive).sha256", with: Array(checksum.hexadecimal.utf8), durability: .none)
    }
}

extension Checksum {
    /// The path relative to a cache's directory.
    package var path: String { "\(kind.rawValue)/\(hexadecimal.prefix(2))/\(hexadecimal)" }

    /// The digest by which a store identifies the file; nil for checksums of other kinds.
    package var digest: Digest? { kind == .sha256 ? Digest(hex: hexadecimal) : nil }
}
