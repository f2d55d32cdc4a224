import Store
import Synchronization

/// Ephemeral values that record each change.
final class RecordedChanges: EphemeralValues {
    private let values: any EphemeralValues
    private let made = Mutex<[[StorePath: EphemeralChange]]>([])
    private let check: @Sendable ([StorePath: EphemeralChange]) throws -> Void
    let isRemote: Bool

    /// - Parameter check: Called before each change. It may block or throw, as a service that does not answer.
    init(
        _ values: any EphemeralValues, isRemote: Bool = false,
        check: @escaping @Sendable ([StorePath: EphemeralChange]) throws -> Void = { _ in }
    ) {
        (self.values, self.isRemote, self.check) = (values, isRemote, check)
    }

    /// The changes that were made, in their order.
    var all: [[StorePath: EphemeralChange]] { made.withLock { $0 } }

    func join(_ name: String) throws -> EphemeralOwner { try values.join(name) }
    func value(at path: StorePath) throws -> EphemeralValue? { try values.value(at: path) }
    func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue] { try values.values(below: prefix) }

    func change(_ changes: [StorePath: EphemeralChange]) throws -> UInt64? {
        try check(changes)
        let version = try values.change(changes)
        if version != nil { made.withLock { $0.append(changes) } }
        return version
    }

    func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch { values.watch(below: prefix, handler: handler) }
}
