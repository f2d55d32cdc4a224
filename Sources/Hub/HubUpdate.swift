internal import Core
internal import Foundation
internal import Git
internal import Logging
internal import Model
internal import Records
package import Store

/// Brings a store up to date with its hub.
package struct HubUpdate {
    private let hub: Hub
    private let store: Store

    package init(_ hub: Hub, _ store: Store) {
        self.hub = hub
        self.store = store
    }

    /// Fast-forwards all branches to the hub's tips. If a branch has diverged, it is reset to the hub's tip and the
    /// changes that only this store has are committed on top of it; a save point keeps the previous tip. Blocks.
    ///
    /// - Returns: The branches that had diverged.
    /// - Throws: `HubError`, `StoreError`.
    @discardableResult
    package func run() throws -> [Branch] {
        try hub.fetch(into: store)
        var replayed: [Branch] = []
        let own = Dictionary(
            uniqueKeysWithValues: try store.references(prefix: "refs/heads/").map { ($0.name, $0.id) })
        let fetched = try store.references(prefix: Hub.fetched).map {
            (branch: try Branch(String($0.name.dropFirst(Hub.fetched.count))), id: $0.id)
        }.filter { own[$0.branch.reference] != $0.id }
        // Plans first: a clone of the store checks out the branch that was created first.
        for (branch, id) in fetched.filter({ !$0.branch.name.contains("/") })
            + fetched.filter({ $0.branch.name.contains("/") })
        {
            guard case .diverged(let own, let base) = try store.advance(branch, to: id) else { continue }
            logger.debug("diverged", metadata: ["branch": "\(branch)", "own": "\(own)", "hub": "\(id)"])
            if replayed.isEmpty { try store.takeSnapshot(reason: "before-hub") }
            let before = try base.map { try store.snapshot(at: $0.hex) }
            let after = try store.snapshot(at: own.hex)
            try store.replace(branch, from: own, by: id)
            try record(from: before, to: after, on: branch)
            replayed.append(branch)
        }
        return replayed
    }

    /// Commits the changes between two snapshots to a branch.
    private func record(from before: Snapshot?, to after: Snapshot, on branch: Branch) throws {
        var changes: [(path: StorePath, old: ObjectID?, new: ObjectID)] = []
        try Snapshot.differences(from: before, to: after) { path, old, new in
            if let new { changes.append((path, old, new)) }
        }
        if let results = ResultBranch(name: branch.name) {
            for change in changes where change.path.components.first != "index" {
                guard let result = try after.value(CellResult.self, at: change.path) else { continue }
                try record(result, at: change.path, on: results, branch)
            }
            return
        }
        guard !changes.isEmpty else { return }
        try store.transact(branch, "Reapply changes that the hub did not have\n") { transaction in
            for change in changes {
                // On a conflict, the hub's version wins.
                guard try transaction.base.id(at: change.path) == change.old,
                    let bytes = try after.bytes(at: change.path)
                else { continue }
                try transaction.write(bytes: bytes, to: change.path)
            }
        }
    }

    private func record(
        _ result: CellResult, at path: StorePath, on results: ResultBranch, _ branch: Branch
    ) throws {
        try store.transact(branch, result.message(at: path.description)) { transaction in
            if let other = try transaction.value(CellResult.self, at: path), !other.ended(before: result) { return }
            try results.write(result, at: path.description, in: transaction)
        }
    }
}
