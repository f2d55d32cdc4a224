internal import Core
public import Git
internal import Glibc

/// The saved state of all branches at one point in time: `refs/ciso/snapshots/NAME/BRANCH`.
public struct SavePoint: Sendable, Hashable, Codable {
    /// The name of the save point.
    public let name: String
    /// The commit of each branch, by its name.
    public let heads: [String: String]
}

extension Store {
    private static let snapshotPrefix = "refs/ciso/snapshots/"

    /// Saves the state of all branches under a name, so that it is protected from garbage collection and can be
    /// restored.
    ///
    /// - Parameter name: The name; nil for one that consists of the time and the reason.
    /// - Throws: `StoreError` of kind `invalidPath` if a snapshot of that name exists or the name is invalid.
    @discardableResult
    public func takeSnapshot(_ name: String? = nil, reason: String = "manual") throws -> SavePoint {
        try takeSnapshot(name, reason: reason, isTolerant: false)
    }

    /// - Parameter isTolerant: whether damaged branches are omitted.
    @discardableResult
    func takeSnapshot(_ name: String? = nil, reason: String, isTolerant: Bool) throws -> SavePoint {
        let name = try name ?? freeSnapshotName(Self.timeStamp(options.clock()) + "-" + reason)
        guard GitRepository.isValid(referenceName: Self.snapshotPrefix + name + "/x"),
            !name.utf8.contains(UInt8(ascii: "/"))
        else {
            throw StoreError(.invalidPath, "'\(name)' is not a valid name for a snapshot")
        }
        guard try !snapshots().contains(where: { $0.name == name }) else {
            throw StoreError(.invalidPath, "snapshot '\(name)' already exists")
        }
        return try exclusively { repository in
            var heads: [String: String] = [:]
            for reference in try repository.references(prefix: "refs/heads/") {
                let branch = String(reference.dropFirst("refs/heads/".count))
                do {
                    guard let id = try repository.reference(reference) else { continue }
                    try repository.updateReference(Self.snapshotPrefix + name + "/" + branch, to: id, expecting: nil)
                    heads[branch] = id.hex
                } catch  where isTolerant {
                    continue
                }
            }
            return SavePoint(name: name, heads: heads)
        }
    }

    /// `name`, with a number appended if it is taken, as by two snapshots within a second.
    private func freeSnapshotName(_ name: String) throws -> String {
        let taken = Set(try snapshots().map(\.name))
        return ([name] + (2...99).map { "\(name)-\($0)" }).first { !taken.contains($0) } ?? name
    }

    /// All snapshots sorted by name.
    public func snapshots() throws -> [SavePoint] {
        try handles.with { repository in
            var heads: [String: [String: String]] = [:]
            for reference in try repository.references(prefix: Self.snapshotPrefix) {
                let rest = reference.dropFirst(Self.snapshotPrefix.count)
                guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")),
                    let id = try repository.reference(reference)
                else {
                    continue
                }
                heads[String(rest[..<slash]), default: [:]][String(rest[rest.index(after: slash)...])] = id.hex
            }
            return heads.map { SavePoint(name: $0.key, heads: $0.value) }.sorted { $0.name < $1.name }
        }
    }

    /// Deletes a snapshot.
    public func dropSnapshot(_ name: String) throws {
        guard let snapshot = try snapshots().first(where: { $0.name == name }) else {
            throw StoreError(.notFound, "there is no snapshot '\(name)'", hint: "`ci store snapshot --list` lists them")
        }
        try exclusively { repository in
            for (branch, head) in snapshot.heads {
                guard let id = ObjectID(hex: head) else { continue }
                try repository.deleteReference(Self.snapshotPrefix + name + "/" + branch, expecting: id)
            }
        }
    }

    /// The effect of undoing a commit.
    public struct UndoPlan: Sendable {
        /// The branch to undo the commit on.
        public let branch: Branch
        /// The commit to undo.
        public let commit: HistoryEntry
        /// The documents before and after undoing the commit.
        public let changes: [WatchEvent.Change]
        /// Documents that later commits changed again.
        public let dependents: [StorePath]
        /// The derived documents if later commits changed some of them again; otherwise nil.
        let rederiving: DerivedDocuments?
    }

    /// Documents that are derived from the others of a branch, such as an index. If later commits changed them as well,
    /// undoing a commit derives them again instead of restoring them.
    public struct DerivedDocuments: Sendable {
        let contains: @Sendable (StorePath) -> Bool
        let update: @Sendable (_ path: StorePath, _ contents: [UInt8]?, _ transaction: Transaction) throws -> Void

        /// - Parameters:
        ///   - contains: Whether the document at a path is derived.
        ///   - update: Changes the derived documents of a transaction for another document, whose contents are nil if
        ///     it was removed.
        public init(
            contains: @escaping @Sendable (StorePath) -> Bool,
            update:
                @escaping @Sendable (_ path: StorePath, _ contents: [UInt8]?, _ transaction: Transaction) throws ->
                Void
        ) {
            self.contains = contains
            self.update = update
        }
    }

    /// Computes the effect of undoing `commit` (nil for the last one) on a branch, without changing anything.
    ///
    /// - Parameter derived: The derived documents of the branch; nil if there are none.
    /// - Throws: `StoreError` of kind `notFound` if the branch has no such commit.
    public func planUndo(
        on branch: Branch, of commit: ObjectID? = nil, deriving derived: DerivedDocuments? = nil
    ) throws -> UndoPlan {
        let head = try snapshot(branch)
        guard let last = head.commit else { throw StoreError(.notFound, "there is no branch '\(branch)'") }
        let id = commit ?? last
        let (entry, isOnBranch) = try handles.with { repository in
            (HistoryEntry(id: id, commit: try repository.commit(id)), try repository.isAncestor(id, of: last))
        }
        guard isOnBranch else { throw StoreError(.notFound, "commit \(id) is not on branch '\(branch)'") }
        var changes: [WatchEvent.Change] = []
        var dependents: [StorePath] = []
        var isRederived = false
        for change in try self.changes(from: entry.commit.parents.first, to: snapshot(at: id)) {
            let now = try head.id(at: change.path)
            if now == change.old { continue }
            if now != change.new {
                if derived?.contains(change.path) == true {
                    isRederived = true
                    continue
                }
                dependents.append(change.path)
            }
            changes.append(WatchEvent.Change(path: change.path, old: now, new: change.old))
        }
        return UndoPlan(
            branch: branch, commit: entry, changes: changes, dependents: dependents,
            rederiving: isRederived ? derived : nil)
    }

    /// Undoes a change by a new commit, after a snapshot.
    ///
    /// - Parameter force: whether to undo it even if later commits changed the same documents, whose changes are then
    ///   lost.
    /// - Throws: `StoreError` of kind `dependedUpon` if they did and `force` is false.
    @discardableResult
    public func undo(_ undoing: UndoPlan, force: Bool = false) throws -> ObjectID? {
        if let path = undoing.dependents.first, !force {
            throw StoreError(
                .dependedUpon,
                "commit \(undoing.commit.id) cannot be undone: '\(path)'"
                    + (undoing.dependents.count > 1 ? " and \(undoing.dependents.count - 1) others" : "")
                    + " was changed again later",
                hint: "undo the later changes first, or discard them with --force")
        }
        try takeSnapshot(reason: "before-undo-\(undoing.commit.id.hex.prefix(12))")
        let message = "Undo: \(undoing.commit.commit.subject)\n\nUndoes: \(undoing.commit.id)\n"
        return try transact(undoing.branch, message) { transaction in
            for change in undoing.changes {
                guard try transaction.base.id(at: change.path) == change.old else {
                    throw StoreError(.dependedUpon, "'\(change.path)' was changed in the meantime", hint: "try again")
                }
                // Reading it makes a concurrent change a conflict.
                _ = try transaction.exists(change.path)
                let contents = try change.new.map { id in try handles.with { try $0.blob(id) } }
                if let contents {
                    try transaction.write(bytes: contents, to: change.path)
                } else {
                    try transaction.remove(change.path)
                }
                if let derived = undoing.rederiving, !derived.contains(change.path) {
                    try derived.update(change.path, contents, transaction)
                }
            }
        }.commit
    }

    /// `YYYYMMDDTHHMMSSZ`.
    static func timeStamp(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        return "\(parts.tm_year + 1900)\(twoDigits(parts.tm_mon + 1))\(twoDigits(parts.tm_mday))T"
            + "\(twoDigits(parts.tm_hour))\(twoDigits(parts.tm_min))\(twoDigits(parts.tm_sec))Z"
    }
}
