internal import Core
internal import Dispatch
internal import Logging
internal import Synchronization

/// A lease that is renewed until it is released or has expired.
final class EtcdLease: Sendable {
    /// The lease's id, as etcd formats it.
    let id: String
    private let gateway: EtcdGateway
    private let queue = DispatchQueue(label: "etcd.lease")
    private let isReleased = Atomic(false)

    /// The time to live in seconds: without a renewal, attached values are deleted after it.
    static let lifetime = 15
    /// The limit of one renewal, shorter than the interval between renewals.
    private static let timeout: Duration = .seconds(4)

    init(_ gateway: EtcdGateway) throws {
        self.gateway = gateway
        id = try Self.grant(seconds: Self.lifetime, gateway)
        scheduleRenewal()
    }

    /// Schedules three renewals per lifetime, so that two of them may fail.
    private func scheduleRenewal() {
        queue.asyncAfter(deadline: .now() + .seconds(Self.lifetime / 3)) { [weak self] in self?.renew() }
    }

    /// Grants a lease that is not renewed. Etcd rounds lifetimes below 2 s up.
    ///
    /// - Returns: The id of the lease.
    static func grant(seconds: Int, _ gateway: EtcdGateway) throws -> String {
        let response: EtcdMessages.LeaseResponse = try gateway.call(
            "lease/grant", EtcdMessages.Lease(ID: "0", TTL: "\(max(1, seconds))"))
        guard let id = response.ID else { throw EtcdError(.refused, "a lease was granted without an id") }
        return id
    }

    private func renew() {
        guard !isReleased.load(ordering: .acquiring) else { return }
        do {
            let response: EtcdMessages.Streamed<EtcdMessages.LeaseResponse> = try gateway.call(
                "lease/keepalive", EtcdMessages.Lease(ID: id), timeout: Self.timeout)
            guard response.result?.TTL != nil else {
                return logger.debug("a lease has ended", metadata: ["lease": "\(id)"])
            }
        } catch {
            logger.debug("a lease was not renewed", metadata: ["lease": "\(id)", "reason": "\(error)"])
        }
        scheduleRenewal()
    }

    /// Revokes the lease. If etcd does not respond, the lease expires within 15 s.
    func release() {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let _: EtcdMessages.Empty? = try? gateway.call(
            "lease/revoke", EtcdMessages.Lease(ID: id), timeout: .seconds(1))
    }
}
