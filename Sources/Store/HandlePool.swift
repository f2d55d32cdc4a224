package import Git
internal import Synchronization

/// Open handles of one repository, lent to one thread at a time, and what was read through them.
package final class HandlePool: Sendable {
    /// A handle on its way between threads: only ever held by the pool or by one borrower.
    private struct Idle: @unchecked Sendable {
        let repository: GitRepository
    }

    /// The folder of the repository.
    package let path: String
    let cache = ObjectCache()
    private let idle = Mutex<[Idle]>([])

    package init(path: String) {
        self.path = path
    }

    /// Lends a handle to `body`, opening one where all are out.
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
    /// What a user should do about a damaged store.
    fileprivate static func remedy(of path: String) -> String {
        "'ci store verify --store \(path)' shows what is damaged, and --repair repairs what it can"
    }

    /// The repository of a store, where an object that is cut short is an error and nothing else.
    static func store(at path: String) throws(GitError) -> GitRepository {
        let remedy = remedy(of: path)
        do throws(GitError) {
            let repository = try GitRepository(opening: path)
            repository.readsLooseObjectsItself = true
            repository.damageHint = remedy
            return repository
        } catch {
            // The store's own files are here: that git's are not is damage.
            guard error.kind == .corrupted || error.kind == .notFound else { throw error }
            throw GitError(
                kind: .corrupted, operation: error.operation, detail: error.detail, repository: error.repository,
                hint: remedy)
        }
    }
}
