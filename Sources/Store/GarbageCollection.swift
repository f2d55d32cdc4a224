public import Core
internal import Foundation
internal import Git
internal import Glibc

/// What is kept of the big content that documents refer to.
public struct Retention: Sendable, Hashable {
    /// The newest versions of every document: what they refer to is kept.
    public var versions: Int
    /// Also those versions at which this member of the document (a JSON object) took another value.
    public var turningMember: String?
    /// Seconds during which nothing that is new is dropped, referred to or not.
    public var grace: Int

    public init(versions: Int = 3, turningMember: String? = "outcome", grace: Int = 24 * 3600) {
        self.versions = versions
        self.turningMember = turningMember
        self.grace = grace
    }
}

/// What a collection drops, or would drop.
public struct Garbage: Sendable, Codable, Hashable {
    public var logs: [Digest] = []
    public var logBytes = 0
    public var objects: [Digest] = []
    public var objectBytes = 0
    public var keptLogs = 0
    public var keptObjects = 0
    /// Files of git objects before, that become one pack.
    public var looseObjects = 0
    public var packs = 0
}

extension Store {
    /// How many documents refer to each digest: at the heads of branches and snapshots, and in what is retained.
    ///
    /// Any 64 hexadecimal digits in a document count as a reference: the store need not know what documents mean, and
    /// errs on the side of keeping.
    public func references(_ retention: Retention = Retention()) throws -> [Digest: Int] {
        var counter = ReferenceCounter(handles: handles, retention: retention)
        try handles.with { repository in
            for name in try repository.references() {
                if let head = try repository.reference(name) { try counter.add(head, repository) }
            }
        }
        return counter.counts
    }

    /// What `collect` would drop now. Changes nothing.
    public func findGarbage(_ retention: Retention = Retention()) throws -> Garbage {
        let counts = try references(retention)
        let horizon = Int(options.clock()) - retention.grace
        var garbage = Garbage()
        for log in try logs.list() {
            if counts[log.digest] != nil || log.stored.map({ $0 > horizon }) ?? false {
                garbage.keptLogs += 1
            } else {
                garbage.logs.append(log.digest)
                garbage.logBytes += log.size
            }
        }
        for object in objects.list() {
            if counts[object.digest] != nil || object.stored > horizon {
                garbage.keptObjects += 1
            } else {
                garbage.objects.append(object.digest)
                garbage.objectBytes += object.size
            }
        }
        let files = files(below: layout.gitObjects)
        garbage.packs = files.count { $0.hasSuffix(".pack") }
        garbage.looseObjects = files.count { !$0.contains("/pack/") && !$0.contains("/info/") }
        return garbage
    }

    /// Drops what `findGarbage` found, packs logs, and makes one pack of the git objects.
    public func collect(_ garbage: Garbage) throws {
        try takeSnapshot(reason: "before-gc")
        try logs.remove(Set(garbage.logs))
        for object in garbage.objects { try objects.remove(object) }
        try logs.pack()
        try live.sweep()
        try repack()
        try dropOldAutomaticSnapshots(keeping: 10)
    }

    /// Makes one pack with deltas of all that is reachable. Stock git may be at work meanwhile.
    ///
    /// - Parameter grace: files younger than so many seconds stay, for a push that is under way may need them.
    public func repack(grace: Int = 600) throws {
        try committer.checkpoint()
        try exclusively { repository in
            let before = files(below: layout.gitObjects)
            let reachable = try Reachable(repository)
            guard !reachable.objects.isEmpty else { return }
            try repository.pack(reachable.objects, into: "\(layout.gitObjects)/pack")
            try synchronizeFileSystem(of: layout.root)
            let new = Set(files(below: layout.gitObjects)).subtracting(before)
            guard new.contains(where: { $0.hasSuffix(".idx") }) || before.contains(where: { $0.hasSuffix(".idx") })
            else {
                throw StoreError(.corrupted, "store: repacking '\(layout.root)' made no pack")
            }
            let horizon = Int(systemTime()) - grace
            let names = Set(reachable.objects.map(\.id.hex))
            for path in before {
                let isKnown = names.contains(path.split(separator: "/").suffix(2).joined())
                let isOld = status(of: path).map { $0.modified < horizon } ?? false
                let isPack = path.contains("/pack/pack-") && !new.isEmpty
                let isLoose = !path.contains("/pack/") && !path.contains("/info/")
                if (isLoose && (isKnown || isOld)) || (isPack && isOld) || (path.contains("/tmp_") && isOld) {
                    unlink(path)
                }
            }
        }
    }

    /// Repacks where more than so many git objects are loose: cheap to call whenever nothing else is going on.
    ///
    /// - Returns: whether there was something to do.
    @discardableResult
    public func tidy(looseLimit: Int = 20_000) throws -> Bool {
        // As git does: objects are spread evenly over 256 folders, so one of them tells of all.
        let loose = names(in: "\(layout.gitObjects)/17").count * 256
        guard loose > looseLimit else { return false }
        try repack()
        return true
    }

    private func dropOldAutomaticSnapshots(keeping count: Int) throws {
        let automatic = try snapshots().filter { $0.name.contains("Z-before-") }
        for snapshot in automatic.dropLast(count) { try dropSnapshot(snapshot.name) }
    }
}

/// Counts which digests the retained documents refer to.
private struct ReferenceCounter {
    let handles: HandlePool
    let retention: Retention
    var counts: [Digest: Int] = [:]
    private var blobs: Set<ObjectID> = []
    private var heads: Set<ObjectID> = []

    init(handles: HandlePool, retention: Retention) {
        self.handles = handles
        self.retention = retention
    }

    /// Walks from the newest commit to the oldest, counting how many versions of each document were seen.
    mutating func add(_ head: ObjectID, _ repository: GitRepository) throws {
        guard heads.insert(head).inserted, try repository.header(head).type == .commit else { return }
        try repository.walk(repository.commit(head).tree) { _, entry in
            if entry.kind != .directory { try scan(entry.id, repository) }
            return true
        }
        var versions: [String: Int] = [:]
        var next: ObjectID? = head
        while let id = next {
            let commit = try repository.commit(id)
            next = commit.parents.first
            let parent = try next.map { try repository.commit($0).tree }
            try repository.differences(from: parent, to: commit.tree) { path, old, new in
                versions[path, default: 0] += 1
                guard let new else { return }
                if try versions[path, default: 0] <= retention.versions || isTurning(old, new, repository) {
                    try scan(new.id, repository)
                }
            }
        }
    }

    private func isTurning(_ old: TreeEntry?, _ new: TreeEntry, _ repository: GitRepository) throws -> Bool {
        guard let member = retention.turningMember else { return false }
        return try value(of: member, old, repository) != value(of: member, new, repository)
    }

    private func value(of member: String, _ entry: TreeEntry?, _ repository: GitRepository) throws -> String? {
        guard let entry else { return nil }
        let object = try? JSONSerialization.jsonObject(with: Data(repository.blob(entry.id)))
        return (object as? [String: Any])?[member].map { "\($0)" }
    }

    private mutating func scan(_ id: ObjectID, _ repository: GitRepository) throws {
        guard blobs.insert(id).inserted else { return }
        var run = 0
        let bytes = try repository.blob(id)
        for (index, byte) in (bytes + [0]).enumerated() {
            let isDigit = (48...57).contains(byte) || (97...102).contains(byte)
            if isDigit {
                run += 1
                continue
            }
            if run == 64, let digest = Digest(hex: String(decoding: bytes[(index - 64)..<index], as: UTF8.self)) {
                counts[digest, default: 0] += 1
            }
            run = 0
        }
    }
}

/// All objects that references lead to, each with a name that puts versions of one document together.
private struct Reachable {
    private(set) var objects: [(id: ObjectID, name: String)] = []
    private var seen: Set<ObjectID> = []

    init(_ repository: GitRepository) throws {
        var waiting = try repository.references().compactMap { try repository.reference($0) }
        while let id = waiting.popLast() {
            guard seen.insert(id).inserted else { continue }
            objects.append((id, ""))
            guard try repository.header(id).type == .commit else { continue }
            let commit = try repository.commit(id)
            waiting += commit.parents
            try add(commit.tree, "", repository)
        }
    }

    private mutating func add(_ tree: ObjectID, _ path: String, _ repository: GitRepository) throws {
        guard seen.insert(tree).inserted else { return }
        objects.append((tree, path))
        for entry in try repository.tree(tree).entries {
            let place = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
            if entry.kind == .directory {
                try add(entry.id, place, repository)
            } else if entry.kind != .submodule, seen.insert(entry.id).inserted {
                objects.append((entry.id, place))
            }
        }
    }
}
