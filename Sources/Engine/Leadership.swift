internal import Core
package import Model
package import Records
internal import Store
internal import Synchronization

/// The right to dispatch the jobs of a deployment and to record their results (leader election). At most one process
/// has it, and it ends with that process.
///
/// - SeeAlso: `docs/decisions/0188-joining-runs.md`
package final class Leadership: Sendable {
    private let values: DispatchValues
    private let path: StorePath
    /// The owner of the lease, which leaves when the leadership ends.
    let owner: EphemeralOwner
    private let lease: DispatcherLease
    private let version: Mutex<UInt64>

    private init(
        _ values: DispatchValues, _ path: StorePath, _ owner: EphemeralOwner, _ lease: DispatcherLease, version: UInt64
    ) {
        self.values = values
        self.path = path
        self.owner = owner
        self.lease = lease
        self.version = Mutex(version)
    }

    /// Tries to become the dispatcher of a deployment; nil if another process is.
    ///
    /// - Throws: Any error of the ephemeral values.
    package static func acquire(
        _ deployment: String, as lease: DispatcherLease, in values: DispatchValues
    ) throws -> Leadership? {
        let owner = try values.values.join("dispatcher")
        let path = try DispatchValues.dispatcher(of: deployment)
        guard let version = try values.set(lease, at: path, owner: owner, expecting: .unclaimed) else {
            owner.leave()
            return nil
        }
        return Leadership(values, path, owner, lease, version: version)
    }

    /// A number greater than those of all previous dispatchers of the store, the upper half of fencing tokens.
    ///
    /// - Throws: `Failure` if another process has become the dispatcher.
    package func nextEpoch() throws -> UInt32 {
        let old = version.withLock { $0 }
        guard let new = try values.set(lease, at: path, owner: owner, expecting: .version(old)) else { throw lost }
        version.withLock { $0 = new }
        return UInt32(truncatingIfNeeded: new)
    }

    /// Checks that no other process has become the dispatcher.
    ///
    /// - Throws: `Failure` if one has.
    package func check() throws {
        guard try values.values.value(at: path)?.owner == owner.id else { throw lost }
    }

    /// Whether the lease has expired, for example after a lost connection. False if that cannot be determined.
    var isLost: Bool {
        do {
            return try values.values.value(at: path)?.owner != owner.id
        } catch {
            return false
        }
    }

    /// The error that ends a run whose lease has expired.
    var lost: Failure {
        Failure(
            .unavailable, "this process does not dispatch '\(path.name)' any more: its lease has ended",
            hint: "run again: what is recorded is kept")
    }

    /// Lets another process take over.
    package func end() { owner.leave() }
}
