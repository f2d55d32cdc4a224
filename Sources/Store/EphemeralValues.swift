/// A value outside the history, which may be owned by a process.
public struct EphemeralValue: Hashable, Sendable {
    /// The bytes of the value.
    public let bytes: [UInt8]
    /// Increases with every change of any value.
    public let version: UInt64
    /// The id of the owner, with which the value ends; nil if it remains until it is removed or expires.
    public let owner: String?

    public init(bytes: [UInt8], version: UInt64, owner: String?) {
        self.bytes = bytes
        self.version = version
        self.owner = owner
    }
}

/// The condition under which an ephemeral value is set or removed.
///
/// - SeeAlso: `docs/decisions/0327-claims-have-owners.md`
public enum EphemeralExpectation: Hashable, Sendable {
    case anything
    case absent
    /// There is no value, or one that has no owner and does not expire. The condition for claims: what has no owner is
    /// nobody's claim, for example the value of another program.
    case unclaimed
    case version(UInt64)
}

/// A change of the value at one path.
public struct EphemeralChange: Sendable {
    /// The new value; nil to remove the current one.
    public let bytes: [UInt8]?
    /// The owner, with which the value ends; nil if it outlives the process that sets it.
    public let owner: EphemeralOwner?
    /// The time until the value expires; nil if it does not expire.
    public let lifetime: Duration?
    /// The condition on the current value.
    public let expecting: EphemeralExpectation

    private init(
        bytes: [UInt8]?, owner: EphemeralOwner?, lifetime: Duration?, expecting: EphemeralExpectation
    ) {
        self.bytes = bytes
        self.owner = owner
        self.lifetime = lifetime
        self.expecting = expecting
    }

    /// Sets a value.
    public static func set(
        _ bytes: [UInt8], owner: EphemeralOwner? = nil, lifetime: Duration? = nil,
        expecting: EphemeralExpectation = .anything
    ) -> Self {
        Self(bytes: bytes, owner: owner, lifetime: lifetime, expecting: expecting)
    }

    /// Removes the current value. An absent value satisfies the change if the condition allows it.
    public static func remove(expecting: EphemeralExpectation = .anything) -> Self {
        Self(bytes: nil, owner: nil, lifetime: nil, expecting: expecting)
    }
}

/// An owner of ephemeral values. They end when the owner leaves or is released, or when its process dies.
public final class EphemeralOwner: Sendable {
    /// Identifies the owner in its store.
    public let id: String
    private let end: @Sendable () -> Void

    /// - Parameter end: called when the owner leaves, possibly more than once.
    public init(id: String, end: @escaping @Sendable () -> Void) {
        self.id = id
        self.end = end
    }

    deinit { end() }

    /// Removes the owner's values immediately.
    public func leave() { end() }
}

/// Claims, assignments, reports and progress: values with an optional owner and expiry that are never part of a commit.
///
/// All implementations pass the same conformance tests: files on one machine, memory, and etcd.
public protocol EphemeralValues: Sendable {
    /// Whether functions wait for another machine, so that they must not be called on threads of the cooperative pool.
    var isRemote: Bool { get }

    /// Registers an owner with a unique id. `name` is for people.
    func join(_ name: String) throws -> EphemeralOwner

    /// The value at `path`; nil if there is none, it has expired, or its owner has left.
    func value(at path: StorePath) throws -> EphemeralValue?

    /// All values at or below `prefix`; nil for all values.
    func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue]

    /// Changes several values atomically if all conditions are satisfied; otherwise changes nothing.
    ///
    /// - Parameter changes: at most 100.
    /// - Returns: the version of the values that were set; nil if a condition was not satisfied.
    func change(_ changes: [StorePath: EphemeralChange]) throws -> UInt64?

    /// Calls `handler` with the state below `prefix`, and again whenever it has changed.
    ///
    /// - Returns: the watch, which ends when it is cancelled or released.
    func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch
}

extension EphemeralValues {
    /// False: the values are on this machine.
    public var isRemote: Bool { false }

    /// Sets a value if the expectation holds.
    ///
    /// - Parameters:
    ///   - owner: The value is deleted when its owner leaves; if nil, it outlives the process that set it.
    ///   - lifetime: The time until it expires; nil if it does not expire.
    /// - Returns: The new version; nil if the expectation did not hold and nothing was changed.
    public func set(
        _ bytes: [UInt8], at path: StorePath, owner: EphemeralOwner?, lifetime: Duration?,
        expecting: EphemeralExpectation
    ) throws -> UInt64? {
        try change([path: .set(bytes, owner: owner, lifetime: lifetime, expecting: expecting)])
    }

    /// Removes values in one transaction if all expectations hold; otherwise removes nothing. A value may be absent if
    /// the expectation allows it.
    ///
    /// - Returns: False if an expectation did not hold.
    public func remove(_ expected: [StorePath: EphemeralExpectation]) throws -> Bool {
        try change(expected.mapValues { .remove(expecting: $0) }) != nil
    }

    /// Removes a value if the expectation holds; returns false otherwise.
    public func remove(_ path: StorePath, expecting: EphemeralExpectation) throws -> Bool {
        try remove([path: expecting])
    }
}

extension EphemeralValues {
    /// Waits until no value at or below a path has an owner, or the task is cancelled.
    package func waitUntilFree(_ path: StorePath) async {
        let (frees, continuation) = AsyncStream.makeStream(of: Void.self)
        let watch = watch(below: path) { state in
            if state.values.allSatisfy({ $0.owner == nil }) { continuation.yield() }
        }
        defer { watch.cancel() }
        for await _ in frees { break }
    }
}

/// Keeps a watch of ephemeral values alive until it is cancelled or released.
public final class EphemeralWatch: Sendable {
    private let end: @Sendable () -> Void

    /// - Parameter end: called when the watch ends, possibly more than once.
    public init(end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit { end() }

    /// Ends the watch.
    public func cancel() { end() }
}

extension EphemeralExpectation {
    /// Whether `value` satisfies the condition.
    ///
    /// - Parameter expires: Whether it expires.
    package func allows(_ value: EphemeralValue?, expires: Bool) -> Bool {
        switch self {
        case .anything: true
        case .absent: value == nil
        case .unclaimed: value?.owner == nil && !expires
        case .version(let version): value?.version == version
        }
    }
}
