internal import Core
internal import Foundation
internal import Git
public import Store

/// Results and logs that other programs push with plain git to branches `inbox/NAME`.
///
/// ```
/// results/DEPLOYMENT/TARGET/COMPILER/PACKAGE/VERSION.json   a result, in the form of the store's own
/// logs/SHA256                                               a log, by the digest of its contents
/// ```
/// The changes of a push are checked as a whole: a push with a problem is not merged, and later ones are checked
/// together with it. The reply is the document `reply.json` on the branch `replies/NAME`.
///
/// - SeeAlso: `docs/decisions/0236-inbox.md`
public struct Inbox: Sendable {
    /// The result of processing a branch of the inbox.
    public struct Reply: Codable, Hashable, Sendable {
        /// The newest processed commit.
        public var commit: String
        /// The newest merged commit; nil if none was merged.
        public var merged: String?
        /// The numbers of results and logs that the merged commit added.
        public var results = 0
        public var logs = 0
        /// The reasons why the newest commit was not merged; empty if it was merged.
        public var problems: [String] = []
    }

    /// The prefix of the branches.
    public static let prefix = "inbox/"
    /// The prefix of the branches with replies.
    public static let replies = "replies/"
    private static let document: StorePath = "reply.json"

    private let store: Store

    public init(_ store: Store) {
        self.store = store
    }

    /// Checks and merges the pushes since the last time. Unreadable contents are a problem of their push.
    ///
    /// - Returns: the replies to new pushes, by the names of the branches without their prefix.
    /// - Throws: `StoreError`, `Conflict`.
    @discardableResult
    public func receive() throws -> [(name: String, reply: Reply)] {
        try store.branches(prefix: Self.prefix).compactMap { branch in
            let name = String(branch.name.dropFirst(Self.prefix.count))
            let head = try store.snapshot(branch)
            let replies = try Branch(Self.replies + name)
            let known = try store.snapshot(replies).value(Reply.self, at: Self.document)
            guard let commit = head.commit?.hex, commit != known?.commit else { return nil }
            var reply = Reply(commit: commit, merged: known?.merged)
            let before = try known?.merged.map { try store.snapshot(at: $0) }
            var delivery = InboxDelivery(store, name)
            delivery.check(from: before, to: head)
            reply.problems = delivery.problems
            if delivery.problems.isEmpty {
                try delivery.merge(head)
                (reply.merged, reply.results, reply.logs) = (commit, delivery.results.count, delivery.logs.count)
            }
            let answer = reply
            try store.transact(replies, Self.message(name, answer)) { try $0.write(answer, to: Self.document) }
            return (name, reply)
        }
    }

    private static func message(_ name: String, _ reply: Reply) -> String {
        let subject =
            reply.problems.isEmpty
            ? "\(name): \(count(reply.results, "result")), \(count(reply.logs, "log"))"
            : "\(name): refused, \(count(reply.problems.count, "problem"))"
        return subject.displayableOnOneLine + "\n"
    }
}
