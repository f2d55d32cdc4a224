internal import Core
internal import Dispatch
internal import Foundation
package import Store
internal import Synchronization

/// Ephemeral values kept in etcd, shared by processes on several machines.
///
/// An owner is a lease of 15 s, renewed every 5 s; all values of the owner are attached to it, so they expire together.
/// Versions are etcd revisions. All functions block, and retry for up to 10 s while etcd has no leader.
///
/// - SeeAlso: `docs/decisions/0232-etcd.md`
package final class EtcdEphemeralValues: EphemeralValues {
    let gateway: EtcdGateway
    private let keys: EtcdKeys
    private let owners = Mutex<[String: EtcdLease]>([:])

    /// True: all functions wait for responses of etcd.
    package var isRemote: Bool { true }

    /// Sends no request; the first call connects.
    package init(_ settings: EtcdSettings) {
        gateway = EtcdGateway(settings)
        keys = EtcdKeys(root: settings.root)
    }

    /// Grants a lease for a new owner, and renews it until the owner leaves.
    package func join(_ name: String) throws -> EphemeralOwner {
        let lease = try EtcdLease(gateway)
        let readable = String(name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" }.prefix(60))
        let id = "\(readable).\(lease.id)"
        owners.withLock { $0[id] = lease }
        return EphemeralOwner(id: id) { [weak self] in
            guard let self, let lease = self.owners.withLock({ $0.removeValue(forKey: id) }) else { return }
            lease.release()
        }
    }

    deinit {
        for lease in owners.withLock({ $0.values }) { lease.release() }
    }

    /// Reads a value.
    package func value(at path: StorePath) throws -> EphemeralValue? {
        let response: EtcdMessages.RangeResponse = try gateway.call(
            "kv/range", EtcdMessages.Range(key: keys.key(of: path)))
        return response.kvs?.first.flatMap { EphemeralValue($0) }
    }

    /// Reads all values below a prefix.
    package func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue] {
        try listing(below: prefix).values
    }

    /// All values below `prefix`, and the revision of that listing.
    ///
    /// - Parameter pageSize: The number of pairs read by one request.
    func listing(
        below prefix: StorePath?, pageSize: Int = 2_000
    ) throws -> (values: [StorePath: EphemeralValue], revision: UInt64) {
        var (key, end) = keys.range(below: prefix)
        var found: [StorePath: EphemeralValue] = [:]
        var revision: UInt64?
        while true {
            let page: EtcdMessages.RangeResponse = try gateway.call(
                "kv/range",
                EtcdMessages.Range(
                    key: key, range_end: end, limit: "\(pageSize)", revision: revision.map { "\($0)" }))
            revision = revision ?? page.header?.revision.flatMap(UInt64.init)
            for pair in page.kvs ?? [] {
                if let path = keys.path(of: pair.key, below: prefix) { found[path] = EphemeralValue(pair) }
            }
            guard page.more == true, let last = page.kvs?.last?.key else { return (found, revision ?? 0) }
            key = last + [0]
        }
    }

    /// Makes the changes in one transaction, if all expectations hold.
    package func change(_ changes: [StorePath: EphemeralChange]) throws -> UInt64? {
        guard !changes.isEmpty else { return 0 }
        var written: [Data: EtcdValue] = [:]
        var operations: [EtcdMessages.Operation] = []
        for (path, change) in changes {
            let key = keys.key(of: path)
            guard let bytes = change.bytes else {
                operations.append(.init(request_delete_range: .init(key: key)))
                continue
            }
            let value = EtcdValue(bytes, owner: change.owner?.id)
            written[key] = value
            let lease = try lease(of: change.owner, lifetime: change.lifetime)
            operations.append(.init(request_put: .init(key: key, value: value.data, lease: lease)))
        }
        let transaction = EtcdMessages.Transaction(
            compare: changes.compactMap { EtcdMessages.Compare(keys.key(of: $0), $1.expecting) },
            success: operations, failure: changes.keys.map { .init(request_range: .init(key: keys.key(of: $0))) })
        let (response, isRepeated) = try commit(transaction)
        // An earlier attempt made the changes, but its response was lost.
        let wasMade = response.succeeded != true && isRepeated && response.hasFound(written)
        guard response.succeeded == true || wasMade else { return nil }
        let made = wasMade ? response.found.first?.mod_revision : nil
        let version = (made ?? response.header.revision).flatMap(UInt64.init)
        if let version {
            for (path, change) in changes where change.owner != nil {
                if let lifetime = change.lifetime { expire(path, version, after: lifetime) }
            }
        }
        return version
    }

    /// The lease to attach the value to; nil for a value without an owner or a lifetime.
    private func lease(of owner: EphemeralOwner?, lifetime: Duration?) throws -> String? {
        if let owner {
            guard let lease = owners.withLock({ $0[owner.id] }) else {
                throw EtcdError(.leaseLost, "the owner '\(owner.id)' has left")
            }
            return lease.id
        }
        return try lifetime.map { try EtcdLease.grant(seconds: Int($0.components.seconds) + 1, gateway) }
    }

    /// Removes a value after its lifetime. If this process ends earlier, the value expires with the owner's lease.
    private func expire(_ path: StorePath, _ version: UInt64, after lifetime: Duration) {
        DispatchQueue.global().asyncAfter(deadline: .now() + lifetime / .seconds(1)) { [weak self] in
            _ = try? self?.remove([path: .version(version)])
        }
    }

    private func commit(
        _ transaction: EtcdMessages.Transaction
    ) throws -> (response: EtcdMessages.TransactionResponse, isRepeated: Bool) {
        try gateway.repeatedCall("kv/txn", transaction)
    }

    /// Watches the values below a prefix on a dedicated thread.
    package func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch {
        EtcdWatch(gateway, keys, below: prefix, listing: { try self.listing(below: prefix) }, handler).start()
    }
}

extension EtcdMessages.Compare {
    /// Nil if the expectation accepts any state, so that there is nothing to compare.
    fileprivate init?(_ key: Data, _ expectation: EphemeralExpectation) {
        switch expectation {
        case .anything: return nil
        case .absent: self.init(key: key, target: "CREATE", create_revision: "0")
        // Also holds if there is no value.
        case .unclaimed: self.init(key: key, target: "LEASE", lease: "0")
        case .version(let version): self.init(key: key, target: "MOD", mod_revision: "\(version)")
        }
    }
}

extension EtcdMessages.TransactionResponse {
    /// The key-value pairs returned by the range operations.
    fileprivate var found: [EtcdMessages.KeyValue] { responses?.flatMap { $0.response_range?.kvs ?? [] } ?? [] }

    /// Whether they found these values and nothing else.
    fileprivate func hasFound(_ written: [Data: EtcdValue]) -> Bool {
        found.count == written.count
            && found.allSatisfy { written[$0.key].map(\.nonce) == EtcdValue($0.value ?? Data())?.nonce }
    }
}
