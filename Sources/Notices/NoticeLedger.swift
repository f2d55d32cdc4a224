internal import Core
internal import Records
internal import Store

/// The notices of a deployment in the store: `refs/heads/notices/DEPLOYMENT`.
///
/// A sender claims each message in a transaction before sending it. Two processes therefore never send the same
/// message, and a message that was in progress when its process died is not sent again.
///
/// - SeeAlso: `docs/decisions/0250-notices.md`
struct NoticeLedger: Sendable {
    private let store: Store
    private let branch: Branch

    init(of deployment: String, in store: Store) throws {
        self.store = store
        branch = try Branch("notices/\(deployment)")
    }

    private static func path(cause: String) throws -> TypedPath<Notice> {
        TypedPath(try StorePath("causes/\(cause).json"))
    }

    private static func digestPath(_ channel: String) throws -> TypedPath<DigestTime> {
        TypedPath(try StorePath("digests/\(Digest(of: channel).hex.prefix(16)).json"))
    }

    private static func statusPath(_ channel: String) throws -> TypedPath<SentStatus> {
        TypedPath(try StorePath("statuses/\(Digest(of: channel).hex.prefix(16)).json"))
    }

    /// All notices, by the ids of their causes.
    func all() throws -> [Notice] {
        let snapshot = try store.snapshot(branch)
        return try snapshot.list("causes").compactMap { entry in
            try snapshot.value(Notice.self, at: StorePath("causes/\(entry.name)"))
        }
    }

    func lastDigest(to channel: String) throws -> Int? {
        try store.snapshot(branch).value(at: Self.digestPath(channel))?.time
    }

    func status(sentTo channel: String) throws -> SentStatus? {
        try store.snapshot(branch).value(at: Self.statusPath(channel))
    }

    /// Records notices that were opened, closed or released. Does not overwrite notices that another process has opened
    /// meanwhile.
    func record(_ changed: [Notice]) throws {
        guard !changed.isEmpty else { return }
        let words = changed.count == 1 ? "Notice of \(changed[0].cause)" : "\(changed.count) notices"
        try store.transact(branch, words) { transaction in
            for notice in changed {
                let path = try Self.path(cause: notice.cause)
                let known = try transaction.value(at: path)
                if let known, known.closed == nil, known.run != notice.run { continue }
                var merged = notice
                if let known, known.run == notice.run {
                    (merged.deliveries, merged.closings) = (known.deliveries, known.closings)
                }
                try transaction.write(merged, to: path)
            }
        }
    }

    /// Claims messages.
    ///
    /// - Parameter digest: The time to record for the last digest on the channel; nil for messages that are not a
    ///   digest.
    /// - Returns: The notices that no other process has sent or is sending.
    func claim(_ messages: [(notice: Notice, event: NoticeEvent)], by channel: String, digest: Int?) throws
        -> [(notice: Notice, event: NoticeEvent)]
    {
        try store.transact(branch, "Begin to send to \(channel.displayableOnOneLine)") { transaction in
            var claimed: [(notice: Notice, event: NoticeEvent)] = []
            for message in messages {
                let path = try Self.path(cause: message.notice.cause)
                guard var known = try transaction.value(at: path), known.run == message.notice.run else { continue }
                let state = known.delivery(message.event, by: channel)
                guard state == nil || state == .failed else { continue }
                known.setDelivery(.sending, message.event, by: channel)
                try transaction.write(known, to: path)
                claimed.append((known, message.event))
            }
            if let digest, !claimed.isEmpty {
                try transaction.write(DigestTime(channel: channel, time: digest), to: Self.digestPath(channel))
            }
            return claimed
        }.value
    }

    /// Records whether claimed messages were sent.
    ///
    /// - Parameter digest: The time of the previous digest, which is restored if this one was rejected.
    func finish(
        _ messages: [(notice: Notice, event: NoticeEvent)], by channel: String, _ delivery: Notice.Delivery,
        digest: Int?
    ) throws {
        try store.transact(
            branch, "\(delivery == .sent ? "Sent" : "Could not send") to \(channel.displayableOnOneLine)"
        ) {
            transaction in
            for message in messages {
                let path = try Self.path(cause: message.notice.cause)
                guard var known = try transaction.value(at: path) else { continue }
                known.setDelivery(delivery, message.event, by: channel)
                try transaction.write(known, to: path)
            }
            if delivery == .failed {
                let path = try Self.digestPath(channel)
                if let digest {
                    try transaction.write(DigestTime(channel: channel, time: digest), to: path)
                } else if try transaction.exists(path.path) {
                    try transaction.remove(path.path)
                }
            }
        }
    }

    /// Claims a commit status.
    ///
    /// - Returns: Whether the caller must send it: false if it was sent, or another process is sending it.
    func claim(_ status: SentStatus) throws -> Bool {
        try store.transact(branch, "Begin to send a status to \(status.channel.displayableOnOneLine)") { transaction in
            let path = try Self.statusPath(status.channel)
            if let known = try transaction.value(at: path), known.commit == status.commit, known.state == status.state,
                known.description == status.description, known.delivery != .failed
            {
                return false
            }
            var claimed = status
            claimed.delivery = .sending
            try transaction.write(claimed, to: path)
            return true
        }.value
    }

    func finish(_ status: SentStatus) throws {
        try store.transact(branch, "Status for \(status.channel.displayableOnOneLine)") { transaction in
            try transaction.write(status, to: Self.statusPath(status.channel))
        }
    }
}
