internal import Glibc

/// What must be on disk before a transaction is acknowledged.
public enum Durability: String, Sendable, CaseIterable {
    /// The change is in the journal, and the journal is synced: it survives a loss of power.
    case power
    /// The change is with the kernel: it survives the death of every process, not a loss of power.
    case process
}

/// How a store behaves; the defaults are those of `ci`.
public struct StoreOptions: Sendable {
    /// What a commit survives: the process's end or the machine's.
    public var durability: Durability
    /// Who the commits are from.
    public var author: (name: String, email: String)
    /// The current time in seconds since 1970. No commit is dated before its parent, regardless of the clock.
    public var clock: @Sendable () -> Int64
    /// How often a transaction is tried before its conflict is thrown.
    public var attempts: Int
    /// How long to wait for another writer's lock.
    public var lockTimeout: Duration
    /// How watches notice what other processes do.
    public var changeDetection: ChangeDetection
    /// The ephemeral values through which processes coordinate; nil for files of the store, on a single machine.
    public var coordination: (any EphemeralValues)?
    /// The blob store for requests to workers on other machines; nil to keep them in the store.
    public var sharedObjects: (any BlobStore)?
    /// Logs shared between machines; nil to keep them in the store.
    public var sharedLogs: (any SharedLogs)?
    /// So many files are made before those that are deleted are kept, to be rewritten.
    package var filesBeforeSpares = 48
    /// The version to write, and how older ones are brought to it.
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

/// How one transaction is recorded.
public struct TransactionOptions: Sendable {
    /// Whether a transaction gets a separate commit.
    public enum Grouping: Sendable {
        /// One commit for this transaction alone.
        case own
        /// May share a commit with transactions that are waiting at the same time.
        case shared
    }

    /// Whether the commit may share one with others that wait.
    public var grouping: Grouping
    /// Writes elsewhere are refused. Nil: anywhere.
    public var prefixes: [StorePath]?
    /// Instead of the store's own author.
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
