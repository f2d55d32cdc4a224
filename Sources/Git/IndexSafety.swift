internal import Glibc
internal import Synchronization
internal import System

/// Checks the indexes of packs once per process before libgit2 reads them.
enum IndexSafety {
    /// Identifies an index and its state.
    private struct CheckedIndex: Hashable {
        let path: String
        let inode: UInt64
        let seconds: Int
        let nanoseconds: Int
    }

    private static let limit = 100_000
    private static let safe = Mutex<Set<CheckedIndex>>([])

    /// - Parameter objects: the directory of a repository's objects.
    /// - Throws: `GitError` of kind `corrupted` that names an index with offsets outside of its pack.
    static func check(_ objects: String, of repository: String, hint: String?) throws(GitError) {
        let directory = "\(objects)/pack"
        for name in names(in: directory) where name.hasSuffix(".idx") {
            try check(base: "\(directory)/\(name.dropLast(4))", repository, hint)
        }
    }

    private static func check(base: String, _ repository: String, _ hint: String?) throws(GitError) {
        var status = stat()
        guard stat("\(base).idx", &status) == 0 else { return }
        let index = CheckedIndex(
            path: base, inode: UInt64(status.st_ino), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
        if safe.withLock({ $0.contains(index) }) { return }
        guard PackIndex.isSafe(base: base) else {
            throw GitError(
                kind: .corrupted, operation: "read its objects",
                detail: "'\(base).idx' refers to offsets outside of its pack", repository: repository, hint: hint)
        }
        safe.withLock { safe in
            if safe.count >= limit { safe = [] }
            safe.insert(index)
        }
    }
}
