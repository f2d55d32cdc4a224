internal import Core
internal import Foundation
internal import HTTP
internal import Logging
internal import Store
internal import Synchronization
internal import System

/// Watches the values below a prefix: it lists them once, then streams the changes after the last revision seen. If
/// etcd has compacted that revision, it lists them again. Confined to one thread.
final class EtcdWatch: @unchecked Sendable {
    typealias Handler = @Sendable ([StorePath: EphemeralValue]) -> Void
    typealias Listing = @Sendable () throws -> (values: [StorePath: EphemeralValue], revision: UInt64)

    private let gateway: EtcdGateway
    private let keys: EtcdKeys
    private let prefix: StorePath?
    private let listing: Listing
    private let handler: Handler
    private let cancellation = HTTPCancellation()
    private var state: [StorePath: EphemeralValue] = [:]
    private var delivered: [StorePath: EphemeralValue]?
    /// Whether the current stream has delivered a message.
    private var hasReceived = false
    /// The last revision seen; nil if a listing is needed.
    private var revision: UInt64?

    /// The time limit of one stream, after which a connection that broke silently is detected.
    private static let streamTimeout: Duration = .seconds(120)

    init(
        _ gateway: EtcdGateway, _ keys: EtcdKeys, below prefix: StorePath?, listing: @escaping Listing,
        _ handler: @escaping Handler
    ) {
        self.gateway = gateway
        self.keys = keys
        self.prefix = prefix
        self.listing = listing
        self.handler = handler
    }

    /// Starts watching on a dedicated thread, until the result is cancelled or released.
    func start() -> EphemeralWatch {
        BlockingWork.start { self.run() }
        return EphemeralWatch { [cancellation] in cancellation.cancel() }
    }

    private func run() {
        let backoff = ExponentialBackoff(.milliseconds(50), limit: .seconds(1))
        var failures = 0
        while !cancellation.isCancelled {
            do {
                if revision == nil { try list() }
                hasReceived = false
                try follow()
            } catch {
                if (error as? EtcdError)?.kind == .compacted { revision = nil }
                logger.debug("a watch was interrupted", metadata: ["reason": "\(error)"])
            }
            guard !cancellation.isCancelled else { return }
            failures = hasReceived ? 1 : failures + 1
            Thread.sleep(forTimeInterval: backoff.delay(after: failures) / .seconds(1))
        }
    }

    private func list() throws {
        let (values, revision) = try listing()
        state = values
        self.revision = revision
        deliver()
    }

    private func follow() throws {
        guard let revision else { return }
        let (first, end) = keys.range(below: prefix)
        let request = EtcdMessages.WatchRequest(
            create_request: .init(key: first, range_end: end, start_revision: "\(revision + 1)"))
        try gateway.stream("watch", request, limit: Self.streamTimeout, cancellation: cancellation, receive: receive)
    }

    func receive(_ response: EtcdMessages.WatchResponse) throws {
        if response.canceled == true {
            let kind: EtcdError.Kind = response.compact_revision == nil ? .refused : .compacted
            throw EtcdError(kind, "etcd ended a watch: \(response.cancel_reason ?? "its history is compacted")")
        }
        let now = response.header?.revision.flatMap(UInt64.init) ?? 0
        // A recreated cluster starts counting revisions from the beginning.
        guard now >= (revision ?? 0) else { throw EtcdError(.compacted, "the revisions of etcd have started over") }
        hasReceived = true
        for event in response.events ?? [] {
            guard let path = keys.path(of: event.kv.key, below: prefix) else { continue }
            state[path] = event.type == "DELETE" ? nil : EphemeralValue(event.kv)
        }
        // The header's revision may be ahead of events that have not been delivered yet.
        let last = response.events?.compactMap { $0.kv.mod_revision.flatMap(UInt64.init) }.max()
        revision = max(revision ?? 0, last ?? 0)
        deliver()
    }

    private func deliver() {
        guard state != delivered, !cancellation.isCancelled else { return }
        delivered = state
        handler(state)
    }
}
