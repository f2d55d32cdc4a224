internal import Core
public import Git
internal import Glibc
internal import Logging
internal import Synchronization
internal import System

extension Store {
    /// The result of a transaction.
    public struct Committed<Value> {
        /// The result of the closure.
        public let value: Value
        /// The branch's commit with the change; if nothing changed, the current commit.
        public let commit: ObjectID?
    }

    /// Runs `body` on the current state of the branch, and durably commits its writes before returning.
    ///
    /// If others have changed what it read or wrote, it runs again on the new state, so it must not have other side
    /// effects. If it throws, nothing is written. Blocks the thread.
    ///
    /// - Parameters:
    ///   - message: A sentence for users and, after an empty line, `Key: value` trailers for programs. Control
    ///     characters are made visible. `body` may set another message, `Transaction.message`.
    /// - Throws: `Conflict` after the configured number of attempts; `StoreError`, `GitError`; any error of `body`.
    @discardableResult
    public func transact<Value>(
        _ branch: Branch, _ message: String, options: TransactionOptions = TransactionOptions(),
        _ body: (Transaction) throws -> Value
    ) throws -> Committed<Value> {
        var attempt = 1
        while true {
            let transaction = Transaction(base: try snapshot(branch), prefixes: options.prefixes)
            let value = try body(transaction)
            let outcome = Outcome()
            committer.submit(request(transaction, branch, message, options) { outcome.set($0) })
            do {
                let commit = try outcome.get()
                trace(branch, commit, attempt)
                return Committed(value: value, commit: commit)
            } catch let conflict as Conflict {
                try giveUp(on: conflict, attempt)
            }
            Self.backoff.pause(after: attempt)
            attempt += 1
        }
    }

    /// Runs `body` on the current state of the branch, and durably commits its writes before returning.
    ///
    /// Like the blocking form, but suspends while the change is written.
    @discardableResult
    public func transact<Value>(
        _ branch: Branch, _ message: String, options: TransactionOptions = TransactionOptions(),
        _ body: (Transaction) throws -> Value
    ) async throws -> Committed<Value> {
        var attempt = 1
        while true {
            let transaction = Transaction(base: try snapshot(branch), prefixes: options.prefixes)
            let value = try body(transaction)
            do {
                let commit = try await withCheckedThrowingContinuation { continuation in
                    committer.submitLater(
                        request(transaction, branch, message, options) { continuation.resume(with: $0) })
                }
                trace(branch, commit, attempt)
                return Committed(value: value, commit: commit)
            } catch let conflict as Conflict {
                try giveUp(on: conflict, attempt)
            }
            try await Task.sleep(for: Self.backoff.randomDelay(after: attempt))
            attempt += 1
        }
    }

    private func trace(_ branch: Branch, _ commit: ObjectID?, _ attempt: Int) {
        logger.debug(
            "transaction",
            metadata: [
                "branch": "\(branch)", "commit": "\(commit?.description ?? "none")", "attempt": "\(attempt)",
            ])
    }

    private func request(
        _ transaction: Transaction, _ branch: Branch, _ message: String, _ options: TransactionOptions,
        _ complete: @escaping @Sendable (Result<ObjectID?, any Error>) -> Void
    ) -> CommitRequest {
        CommitRequest(
            branch: branch, baseCommit: transaction.base.commit, baseTree: transaction.base.tree,
            reads: transaction.reads, writes: transaction.writes,
            message: (transaction.message ?? message).displayable, options: options,
            complete: complete)
    }

    private func giveUp(on conflict: Conflict, _ attempt: Int) throws {
        guard attempt >= options.attempts else { return }
        var conflict = conflict
        conflict.attempts = attempt
        throw conflict
    }

    private static let backoff = ExponentialBackoff(.microseconds(250), limit: .milliseconds(50))
}

/// Passes the result of a request to the thread that waits for it.
private final class Outcome: Sendable {
    private let result = Mutex<Result<ObjectID?, any Error>?>(nil)

    func set(_ new: Result<ObjectID?, any Error>) { result.withLock { $0 = new } }

    func get() throws -> ObjectID? {
        try result.withLock { result in
            guard let result else { preconditionFailure("a request was left without an answer") }
            return try result.get()
        }
    }
}
