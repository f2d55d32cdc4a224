internal import Core
public import Model
public import Store

/// The results of all targets of all deployments of a store, brought up to date by reading only what has changed.
///
/// - SeeAlso: `docs/decisions/0167-results-read-once.md`
public struct ResultTables: Sendable {
    private struct Entry: Sendable {
        var snapshot: Snapshot
        var table: ResultTable
    }

    private var entries: [ResultBranch: Entry] = [:]

    /// Tables that know of no branch yet.
    public init() {}

    /// Reads what the branches of results hold that these tables do not have.
    ///
    /// - Throws: `StoreError`; `Failure` for an index that cannot be read.
    public mutating func refresh(from store: Store) throws {
        var current: [ResultBranch: Entry] = [:]
        for branch in try store.branches(prefix: "results/") {
            guard let results = ResultBranch(name: branch.name) else { continue }
            current[results] = try Self.entry(of: results, at: store.snapshot(branch), since: entries[results])
        }
        entries = current
    }

    /// Differing documents above which the whole index is read instead.
    private static let limit = 1_000

    private static func entry(of branch: ResultBranch, at snapshot: Snapshot, since known: Entry?) throws -> Entry {
        guard var entry = known else { return Entry(snapshot: snapshot, table: try branch.table(in: snapshot)) }
        if entry.snapshot.tree == snapshot.tree { return entry }
        var changes: [(path: StorePath, isThere: Bool)] = []
        try Snapshot.differences(from: entry.snapshot, to: snapshot) { path, _, new in
            if path.components.first != "index" { changes.append((path, new != nil)) }
        }
        if changes.count > limit { return Entry(snapshot: snapshot, table: try branch.table(in: snapshot)) }
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
