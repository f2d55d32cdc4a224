internal import Core
internal import Records
internal import Store
internal import System

/// Merges results and logs that other programs push to the store while a command runs.
final class InboxListener: Sendable {
    private let watch: BranchWatch

    init(_ store: Store) {
        watch = store.watchBranches(prefix: Inbox.prefix) {
            do {
                for (name, reply) in try Inbox(store).receive() {
                    let words =
                        reply.problems.first.map { "refused: \($0)" }
                        ?? reply.mergedWords
                    StandardError.print("inbox/\(name): \(words)")
                }
            } catch {
                StandardError.print("inbox: \(Failure(describing: error))")
            }
        }
    }

    func end() { watch.cancel() }
}

extension Inbox.Reply {
    /// A summary of what was merged.
    var mergedWords: String { "merged \(count(results, "result")) and \(count(logs, "log"))" }
}
