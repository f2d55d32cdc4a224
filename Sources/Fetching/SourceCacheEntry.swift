package import Core
internal import Glibc
internal import System

/// An entry of a source cache, which is removed as a whole: a file with all its names, the archive of a commit, or the
/// copy of a repository.
package struct SourceCacheEntry: Sendable {
    /// Identifies the entry in `CacheUsage`.
    package let digest: Digest
    /// The path of the file or directory.
    package let path: String
    private let folder: String
    /// Further names of the file, and files that are useless without it.
    private let others: [String]

    private init(_ entry: String, in folder: String, others: [String] = []) {
        digest = Self.digest(of: entry)
        self.folder = folder
        path = "\(folder)/\(entry)"
        self.others = others.map { "\(folder)/\($0)" }
    }

    /// - Parameter path: A path relative to the cache's folder.
    static func digest(of path: String) -> Digest { Digest(of: path) }

    /// All entries of a cache.
    package static func all(in folder: String) -> [SourceCacheEntry] {
        let mirrors = names(in: "\(folder)/git").filter { $0.hasSuffix(".git") }
        let commits = names(in: "\(folder)/git/commits").filter { $0.hasSuffix(".tar") }
        return files(in: folder) + mirrors.map { SourceCacheEntry("git/\($0)", in: folder) }
            + commits.map { SourceCacheEntry("git/commits/\($0)", in: folder, others: ["git/commits/\($0).sha256"]) }
    }

    /// The files by checksum; all names of a file are one entry.
    private static func files(in folder: String) -> [SourceCacheEntry] {
        var paths: [FileIdentity: [String]] = [:]
        for kind in ["md5", "sha256", "sha512"] {
            for shard in names(in: "\(folder)/\(kind)") {
                for name in names(in: "\(folder)/\(kind)/\(shard)") {
                    let path = "\(kind)/\(shard)/\(name)"
                    var status = stat()
                    guard lstat("\(folder)/\(path)", &status) == 0 else { continue }
                    paths[FileIdentity(device: status.st_dev, inode: status.st_ino), default: []].append(path)
                }
            }
        }
        return paths.values.map { SourceCacheEntry($0[0], in: folder, others: Array($0.dropFirst())) }
    }

    private struct FileIdentity: Hashable {
        var device: dev_t
        var inode: ino_t
    }

    /// Removes the entry.
    ///
    /// - Throws: `Failure` if a system call fails.
    package func remove() throws(Failure) {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            let aside = try Files.scratchDirectory(in: "\(folder)/incoming")
            try Files.rename(path, "\(aside.path)/repository")
        } else {
            try Files.remove(path)
        }
        for other in others { unlink(other) }
    }
}
