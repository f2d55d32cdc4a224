/// A value outside the history, which ends with its owner.
public struct EphemeralValue: Hashable, Sendable {
    /// The bytes of the value.
    public let bytes: [UInt8]
    /// Greater with every change of any value.
    public let version: UInt64
    /// The id of the owner: the value is gone with it. Nil: it stays until it is removed or expires.
    public let owner: String?

    public init(bytes: [UInt8], version: UInt64, owner: String?) {
        self.bytes = bytes
        self.version = version
        self.owner = owner
    }
}

/// What must be there for a live value to be set or removed.
public enum EphemeralExpectation: Hashable, Sendable {
    case anything
    case absent
    case version(UInt64)
}

/// What becomes of the value at one path.
public struct EphemeralChange: Sendable {
    /// The value that is set; nil: what is there is removed.
    public let bytes: [UInt8]?
    /// The value is gone when its owner is; nil: it stays, whatever becomes of the process that set it.
    public let owner: EphemeralOwner?
    /// Until it expires; nil: it does not.
    public let lifetime: Duration?
    /// What must be there.
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

    /// Removes what is there. What is absent, and may be, is no obstacle.
    public static func remove(expecting: EphemeralExpectation = .anything) -> Self {
        Self(bytes: nil, owner: nil, lifetime: nil, expecting: expecting)
    }
}

/// An owner of ephemeral values. They end when the owner leaves or is released, or when its process dies.
public final class EphemeralOwner: Sendable {
    /// Names the owner among those of the store.
    public let id: String
    private let end: @Sendable () -> Void

    /// - Parameter end: runs when the owner leaves, perhaps more than once.
    public init(id: String, end: @escaping @Sendable () -> Void) {
        self.id = id
        self.end = end
    }

    deinit { end() }

    /// Takes the owner's values away now.
    public func leave() { end() }
}

/// Claims, assignments, reports and progress: values that may have an owner and an expiry, never part of a commit.
///
/// One conformance suite tests every implementation: files of one machine now, a networked one later.
public protocol EphemeralValues: Sendable {
    /// Registers an owner. `name` is for people; ids are unique.
    func join(_ name: String) throws -> EphemeralOwner

    /// The value at `path`; nil if there is none, it has expired, or its owner has left.
    func value(at path: StorePath) throws -> EphemeralValue?

    /// All values at or below `prefix`; nil for all values.
    func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue]

    /// Changes values in one step if what is at each path is as expected; otherwise changes nothing.
    ///
    /// - Parameter changes: at most 100.
    /// - Returns: the version of the values that were set; nil where something else than expected was there.
    func change(_ changes: [StorePath: EphemeralChange]) throws -> UInt64?

    /// Calls `handler` with the state below `prefix`, then with the new state whenever it is another one.
    ///
    /// - Returns: what keeps the watch alive.
    func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch
}

extension EphemeralValues {
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
    /// Waits until there is no value at or below a path, or the task is cancelled.
    package func waitUntilFree(_ path: StorePath) async {
        let (frees, tell) = AsyncStream.makeStream(of: Void.self)
        let watch = watch(below: path) { if $0.isEmpty { tell.yield() } }
        defer { watch.cancel() }
        for await _ in frees { break }
    }
}

/// Keeps a watch of ephemeral values alive until it is cancelled or released.
public final class EphemeralWatch: Sendable {
    private let end: @Sendable () -> Void

    /// - Parameter end: runs when the watch ends, perhaps more than once.
    public init(end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit { end() }

    /// Ends the watch.
    public func cancel() { end() }
}

extension EphemeralExpectation {
    /// Whether `value` is what was expected.
    package func allows(_ value: EphemeralValue?) -> Bool {
        switch self {
        case .anything: true
        case .absent: value == nil
        case .version(let version): value?.version == version
        }
    }
}
