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
    private let directory: String
    /// Further names of the file, and files that are useless without it.
    private let others: [String]

    private init(_ entry: String, in directory: String, others: [String] = []) {
        digest = Self.digest(of: entry)
        self.directory = directory
        path = "\(directory)/\(entry)"
        self.others = others.map { "\(directory)/\($0)" }
    }

    /// - Parameter path: A path relative to the cache's directory.
    static func digest(of path: String) -> Digest { Digest(of: path) }

    /// All entries of a cache.
    package static func all(in directory: String) -> [SourceCacheEntry] {
        let mirrors = names(in: "\(directory)/git").filter { $0.hasSuffix(".git") }
        let commits = names(in: "\(directory)/git/commits").filter { $0.hasSuffix(".tar") }
        return files(in: directory) + mirrors.map { SourceCacheEntry("git/\($0)", in: directory) }
            + commits.map { SourceCacheEntry("git/commits/\($0)", in: directory, others: ["git/commits/\($0).sha256"]) }
    }

    /// The files by checksum; all names of a file are one entry.
    private static func files(in directory: String) -> [SourceCacheEntry] {
        var paths: [FileIdentity: [String]] = [:]
        for kind in ["md5", "sha256", "sha512"] {
            for shard in names(in: "\(directory)/\(kind)") {
                for name in names(in: "\(directory)/\(kind)/\(shard)") {
                    let path = "\(kind)/\(shard)/\(name)"
                    var status = stat()
                    guard lstat("\(directory)/\(path)", &status) == 0 else { continue }
                    paths[FileIdentity(device: status.st_dev, inode: status.st_ino), default: []].append(path)
                }
            }
        }
        return paths.values.map { SourceCacheEntry($0[0], in: directory, others: Array($0.dropFirst())) }
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
            let scratch = try Files.scratchDirectory(in: "\(directory)/incoming")
            try Files.rename(path, "\(scratch.path)/repository")
        } else {
            try Files.remove(path)
        }
        for other in others { unlink(other) }
    }
}
