internal import Dispatch
internal import Logging
internal import Synchronization

/// A lease that is renewed until it is released, or etcd has it no more.
final class EtcdLease: Sendable {
    /// As etcd writes it.
    let id: String
    private let gateway: EtcdGateway
    private let queue = DispatchQueue(label: "etcd.lease")
    private let isReleased = Atomic(false)

    /// Seconds without a renewal until what hangs on the lease is gone.
    static let lifetime = 15
    /// A renewal that takes longer makes room for the next one.
    private static let timeout: Duration = .seconds(4)

    init(_ gateway: EtcdGateway) throws {
        self.gateway = gateway
        id = try Self.grant(seconds: Self.lifetime, gateway)
        scheduleRenewal()
    }

    /// Three renewals in a lifetime, so that two may fail.
    private func scheduleRenewal() {
        queue.asyncAfter(deadline: .now() + .seconds(Self.lifetime / 3)) { [weak self] in self?.renew() }
    }

    /// A lease that nobody renews. Etcd has none of less than 2 s.
    ///
    /// - Returns: its id.
    static func grant(seconds: Int, _ gateway: EtcdGateway) throws -> String {
        let answer: EtcdMessages.LeaseAnswer = try gateway.call(
            "lease/grant", EtcdMessages.Lease(ID: "0", TTL: "\(max(1, seconds))"))
        guard let id = answer.ID else { throw EtcdError(.refused, "a lease was granted without an id") }
        return id
    }

    private func renew() {
        guard !isReleased.load(ordering: .acquiring) else { return }
        do {
            let answer: EtcdMessages.Streamed<EtcdMessages.LeaseAnswer> = try gateway.call(
                "lease/keepalive", EtcdMessages.Lease(ID: id), timeout: Self.timeout)
            guard answer.result?.TTL != nil else {
                return logger.debug("a lease has ended", metadata: ["lease": "\(id)"])
            }
        } catch {
            logger.debug("a lease was not renewed", metadata: ["lease": "\(id)", "reason": "\(error)"])
        }
        scheduleRenewal()
    }

    /// Ends the lease now; where etcd does not answer, in 15 s.
    func release() {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let _: EtcdMessages.Empty? = try? gateway.call(
            "lease/revoke", EtcdMessages.Lease(ID: id), timeout: .seconds(1))
    }
}
