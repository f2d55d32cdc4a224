internal import Glibc

/// What is on disk before a transaction is acknowledged.
public enum Durability: String, Sendable, CaseIterable {
    /// The change is in the synced journal: it survives a power failure.
    case power
    /// The change is in the kernel's memory: it survives the end of every process, but not a power failure.
    case process
}

/// The options of a store; the defaults are those of `ci`.
public struct StoreOptions: Sendable {
    /// Whether a commit survives a power failure or only the end of the process.
    public var durability: Durability
    /// The author of commits.
    public var author: (name: String, email: String)
    /// The clock in seconds since 1970. No commit is dated before its parent, whatever the clock.
    public var clock: @Sendable () -> Int64
    /// The number of attempts before a transaction's conflict is thrown.
    public var attempts: Int
    /// The time to wait for another writer's lock.
    public var lockTimeout: Duration
    /// How watches detect changes by other processes.
    public var changeDetection: ChangeDetection
    /// The ephemeral values through which processes coordinate; nil for files of the store, on a single machine.
    public var coordination: (any EphemeralValues)?
    /// The blob store for requests to workers on other machines; nil to keep them in the store.
    public var sharedObjects: (any BlobStore)?
    /// Logs shared between machines; nil to keep them in the store.
    public var sharedLogs: (any SharedLogs)?
    /// The number of files to create before deleted ones are kept for recycling.
    package var filesBeforeSpares = 48
    /// The schema to write, with the migrations to it.
    package var schema = Schema.current
    /// Called at each named point of a commit.
    package var atPoint: @Sendable (FailurePoint) throws -> Void = { _ in }

    public init(
        durability: Durability = .power, author: (name: String, email: String) = ("ciso", "ciso@localhost"),
        clock: @escaping @Sendable () -> Int64 = { systemTime() }, attempts: Int = 16,
        lockTimeout: Duration = .seconds(30), changeDetection: ChangeDetection = .kernel(checkingEvery: .seconds(1))
    ) {
        self.durability = durability
        self.author = author
        self.clock = clock
        self.attempts = attempts
        self.lockTimeout = lockTimeout
        self.changeDetection = changeDetection
    }
}

/// Seconds since 1970 by the machine's clock.
public func systemTime() -> Int64 { Int64(time(nil)) }

/// The options of one transaction.
public struct TransactionOptions: Sendable {
    /// Whether a transaction gets a separate commit.
    public enum Grouping: Sendable {
        /// One commit for this transaction alone.
        case own
        /// May share a commit with transactions that are waiting at the same time.
        case shared
    }

    /// Whether the commit may be shared with other waiting transactions.
    public var grouping: Grouping
    /// The allowed prefixes: writes elsewhere are rejected. Nil to allow all.
    public var prefixes: [StorePath]?
    /// The author, instead of the store's.
    public var author: (name: String, email: String)?
    /// Where the commit is noted, so that watches can leave it out. Nil: nowhere.
    public var series: CommitSeries?

    public init(
        grouping: Grouping = .own, prefixes: [StorePath]? = nil, author: (name: String, email: String)? = nil,
        series: CommitSeries? = nil
    ) {
        self.grouping = grouping
        self.prefixes = prefixes
        self.author = author
        self.series = series
    }
}
