package import Git
internal import Synchronization

/// A pool of open handles of one repository, each used by one thread at a time, with a shared object cache.
package final class HandlePool: Sendable {
    /// A handle that moves between threads: at any time it is held only by the pool or by one borrower.
    private struct Idle: @unchecked Sendable {
        let repository: GitRepository
    }

    /// The directory of the repository.
    package let path: String
    let cache = ObjectCache()
    private let idle = Mutex<[Idle]>([])

    package init(path: String) {
        self.path = path
    }

    /// Closes the handles that are not in use, which unmaps their packs, and empties the cache.
    func releaseUnused() {
        cache.removeAll()
        let closed = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        withExtendedLifetime(closed) {}
    }

    /// Calls `body` with a handle, opening one if all are in use.
    package func with<Result>(_ body: (GitRepository) throws -> Result) throws -> Result {
        let lent = try idle.withLock { $0.popLast() } ?? Idle(repository: .store(at: path))
        defer { idle.withLock { $0.append(lent) } }
        do {
            try lent.repository.refreshIfPacksChanged()
            return try body(lent.repository)
        } catch let error as GitError where error.kind == .corrupted {
            throw StoreError(
                .corrupted, "store '\(path)': cannot \(error.operation): \(error.detail)",
                hint: error.hint ?? GitRepository.remedy(of: path))
        }
    }
}

extension GitRepository {
    /// The suggestion for a damaged store.
    fileprivate static func remedy(of path: String) -> String {
        "'ci store verify --store \(path)' shows what is damaged, and --repair repairs what it can"
    }

    /// Opens a store's repository so that a truncated object only results in an error.
    static func store(at path: String) throws(GitError) -> GitRepository {
        let remedy = remedy(of: path)
        do throws(GitError) {
            let repository = try GitRepository(opening: path)
            repository.readsLooseObjectsItself = true
            repository.damageHint = remedy
            return repository
        } catch {
            // The store's own files exist, so missing files of git are damage.
            guard error.kind == .corrupted || error.kind == .notFound else { throw error }
            throw GitError(
                kind: .corrupted, operation: error.operation, detail: error.detail, repository: error.repository,
                hint: remedy)
        }
    }
}
