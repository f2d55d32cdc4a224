internal import Core
internal import Dispatch
public import Model
public import Store
internal import Synchronization
internal import System

/// The results of all targets of all deployments of a store, updated by reading only the changes.
///
/// - SeeAlso: `docs/decisions/0167-results-read-once.md`
public struct ResultTables: Sendable {
    private struct Entry: Sendable {
        var snapshot: Snapshot
        var table: ResultTable
    }

    private var entries: [ResultBranch: Entry] = [:]

    /// Tables without any branch.
    public init() {}

    /// The current results of the store at a path; none if it cannot be read, in which case `refresh` throws the error.
    package init(readingStoreAt path: String) async {
        self = await BlockingWork.run {
            var tables = ResultTables()
            guard !Store.canBeMade(at: path), let store = try? Store(opening: path) else { return tables }
            try? tables.refresh(from: store)
            return tables
        }
    }

    /// Reads the changes of the result branches since the last refresh, on all processors.
    ///
    /// - Throws: `StoreError`; `Failure` for an index that cannot be read.
    public mutating func refresh(from store: Store) throws {
        let branches = try store.branches(prefix: "results/").compactMap { ResultBranch(name: $0.name) }
        let known = entries
        let read = Mutex<[ResultBranch: Result<Entry, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: branches.count) { number in
            let branch = branches[number]
            let entry = Result {
                try Self.entry(of: branch, in: store, since: known[branch])
            }
            read.withLock { $0[branch] = entry }
        }
        entries = try read.withLock { try $0.mapValues { try $0.get() } }
    }

    /// The number of changed documents above which the whole index is read instead.
    private static let limit = 1_000

    private static func entry(of branch: ResultBranch, in store: Store, since known: Entry?) throws -> Entry {
        let snapshot = try store.snapshot(Branch(branch.name))
        func whole() throws -> Entry {
            let paths = KnownDocumentPaths(of: branch, in: store)
            return Entry(snapshot: snapshot, table: try branch.table(in: snapshot, paths))
        }
        guard var entry = known else { return try whole() }
        if entry.snapshot.tree == snapshot.tree { return entry }
        var changes: [(path: StorePath, isThere: Bool)] = []
        try Snapshot.differences(from: entry.snapshot, to: snapshot) { path, _, new in
            if path.components.first != ResultBranch.index { changes.append((path, new != nil)) }
        }
        if changes.count > limit { return try whole() }
        for (path, isThere) in changes {
            if isThere, let result = try snapshot.value(CellResult.self, at: path) {
                entry.table.set(result, at: path.description)
            } else {
                entry.table.remove(at: path.description)
            }
        }
        entry.snapshot = snapshot
        return entry
    }

    /// The results of a target of a deployment; nil if it has none.
    public subscript(branch: ResultBranch) -> ResultTable? { entries[branch]?.table }

    /// All branches with their results, in any order.
    public var all: [(branch: ResultBranch, table: ResultTable)] { entries.map { ($0.key, $0.value.table) } }
}
