package import Git
internal import Synchronization

/// Open handles of one repository, lent to one thread at a time.
package final class HandlePool: Sendable {
    /// A handle on its way between threads: only ever held by the pool or by one borrower.
    private struct Idle: @unchecked Sendable {
        let repository: GitRepository
    }

    /// The folder of the repository.
    package let path: String
    private let idle = Mutex<[Idle]>([])

    package init(path: String) {
        self.path = path
    }

    /// Lends a handle to `body`, opening one where all are out.
    package func with<Result>(_ body: (GitRepository) throws -> Result) throws -> Result {
        let lent = try idle.withLock { $0.popLast() } ?? Idle(repository: GitRepository(opening: path))
        defer { idle.withLock { $0.append(lent) } }
        return try body(lent.repository)
    }
}
