public import Core
internal import Git
internal import Glibc

/// Which logs and objects are kept.
///
/// - SeeAlso: `docs/decisions/0033-references-by-digits.md`
/// - SeeAlso: `docs/decisions/0039-retention.md`
public struct Retention: Sendable, Hashable {
    /// The number of newest versions of every document whose references are kept.
    public var versions: Int
    /// Also keep the references of versions at which this member of the document (a JSON object) changed its value.
    public var transitionField: String?
    /// The number of seconds for which new files are kept, referenced or not.
    public var grace: Int

    public init(versions: Int = 3, transitionField: String? = "outcome", grace: Int = 24 * 3600) {
        self.versions = versions
        self.transitionField = transitionField
        self.grace = grace
    }
}

/// What a collection removes or would remove.
public struct Garbage: Sendable, Codable, Hashable {
    /// The unreferenced logs.
    public var logs: [Digest] = []
    /// The total size of those logs in the store, in bytes.
    public var logBytes = 0
    /// The unreferenced objects.
    public var objects: [Digest] = []
    /// The total size of those objects, in bytes.
    public var objectBytes = 0
    /// Unreferenced layers in a registry; they are not removed by the store.
    public var sharedLayers: [Digest] = []
    /// Unreferenced logs in a registry, like `sharedLayers`.
    public var sharedLogs: [Digest] = []
    /// Unreferenced sources without a URL in a registry, like `sharedLayers`.
    public var sharedSources: [Digest] = []
    /// Unreferenced root file systems in a registry, like `sharedLayers`.
    public var sharedEnvironments: [Digest] = []
    /// The number of logs that are kept.
    public var keptLogs = 0
    /// The number of objects that are kept.
    public var keptObjects = 0
    /// The number of loose git objects that are packed.
    public var looseObjects = 0
    /// The number of packs that are merged into one.
    public var packs = 0
    /// The reason why nothing is removed: a part of the history cannot be read, and may refer to anything. Nil if all
    /// can be read.
    public var gap: String?
}

extension Store {
    /// The number of documents that refer to each digest, at the heads of branches and snapshots and in retained
    /// versions.
    ///
    /// Any 64 hexadecimal digits in a document count as a reference, so that the store need not know the meaning of
    /// documents. A removed document with a digest in its path, such as a job of an earlier plan, has no retained
    /// versions; it counts only if another retained document refers to it.
    ///
    /// - Throws: `StoreError` of kind `corrupted` if part of that cannot be read.
    public func references(_ retention: Retention = Retention()) throws -> [Digest: Int] {
        var counter = ReferenceCounter(handles: handles, retention: retention)
        try handles.with { repository in
            for name in try repository.references() {
                if let head = try repository.reference(name) { try counter.add(head, repository) }
            }
            try counter.addReferredDocuments(repository)
        }
        return counter.counts
    }

    /// Finds what `collect` would remove, without changing anything.
    ///
    /// - Parameter isRemade: whether a small object with these contents is removed even if it is referenced, because it
    ///   is recreated when needed.
    public func findGarbage(
        _ retention: Retention = Retention(), isRemade: ([UInt8]) -> Bool = { _ in false }
    ) throws -> Garbage {
        let horizon = Int(options.clock()) - retention.grace
        var garbage = Garbage()
        var counts: [Digest: Int] = [:]
        do {
            counts = try references(retention)
        } catch let error as StoreError where error.kind == .corrupted {
            garbage.gap = error.message
        }
        let keepsAll = garbage.gap != nil
        for log in try logs.list() {
            if keepsAll || counts[log.digest] != nil || log.stored.map({ $0 > horizon }) ?? false {
                garbage.keptLogs += 1
            } else {
                garbage.logs.append(log.digest)
                garbage.logBytes += log.size
            }
        }
        for object in objects.list() {
            // The contents are checked last, and only for objects that would be kept because of a reference alone.
            let isKept = keepsAll || object.stored > horizon
            if isKept || counts[object.digest] != nil && !self.isRemade(object, isRemade) {
                garbage.keptObjects += 1
            } else {
                garbage.objects.append(object.digest)
                garbage.objectBytes += object.size
            }
        }
        garbage.packs = layout.unprotectedPacks().count
        garbage.looseObjects = layout.looseObjects().count
        return garbage
    }

    private func isRemade(
        _ object: (digest: Digest, size: Int, stored: Int), _ isRemade: ([UInt8]) -> Bool
    ) -> Bool {
        guard object.size <= 1 << 20, let bytes = try? objects.bytes(of: object.digest) else { return false }
        return isRemade(bytes)
    }

    /// Removes what `findGarbage` found, packs logs that are older than the grace period, and repacks the git objects.
    ///
    /// If a part of the history cannot be read, everything readable is kept.
    public func collect(_ garbage: Garbage, _ retention: Retention = Retention()) throws {
        try takeSnapshot(reason: "before-gc", isTolerant: garbage.gap != nil)
        try logs.remove(Set(garbage.logs))
        for object in garbage.objects { try objects.remove(object) }
        try logs.pack(before: Int(options.clock()) - retention.grace)
        try ephemeralFiles.sweep()
        try repack()
        try dropOldAutomaticSnapshots(keeping: 10)
    }

    private func dropOldAutomaticSnapshots(keeping count: Int) throws {
        let automatic = try snapshots().filter { $0.name.contains("Z-before-") }
        for snapshot in automatic.dropLast(count) { try dropSnapshot(snapshot.name) }
    }
}

/// Counts the references of the retained documents to digests.
private struct ReferenceCounter {
    let handles: HandlePool
    let retention: Retention
    var counts: [Digest: Int] = [:]
    private var blobs: Set<ObjectID> = []
    private var heads: Set<ObjectID> = []
    /// Documents that are in no head, by the digest in their path.
    private var removed: [Digest: Set<ObjectID>] = [:]
    /// The transition field's values in recent versions, each of which is compared twice.
    private var values: [ObjectID: [UInt8]?] = [:]
    private static let valueLimit = 100_000

    init(handles: HandlePool, retention: Retention) {
        self.handles = handles
        self.retention = retention
    }

    /// Walks from the newest commit to the oldest and counts the versions of each document.
    mutating func add(_ head: ObjectID, _ repository: GitRepository) throws {
        guard heads.insert(head).inserted, try repository.header(head).type == .commit else { return }
        try repository.walk(repository.commit(head).tree) { _, entry in
            if entry.kind.hasContents { try scan(entry.id, repository) }
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
                guard let new, new.kind.hasContents else { return }
                if let digest = Self.digest(in: path) {
                    removed[digest, default: []].insert(new.id)
                    return
                }
                if try versions[path, default: 0] <= retention.versions || isTransition(old, new, repository) {
                    try scan(new.id, repository)
                }
            }
        }
    }

    /// Adds the removed documents that an added document refers to.
    mutating func addReferredDocuments(_ repository: GitRepository) throws {
        while case let referred = removed.filter({ counts[$0.key] != nil }), !referred.isEmpty {
            for (digest, documents) in referred {
                removed[digest] = nil
                for document in documents { try scan(document, repository) }
            }
        }
    }

    /// The digest that names a document: `jobs/ab/DIGEST.json`, `packages/ab/DIGEST/opam`.
    private static func digest(in path: String) -> Digest? {
        path.split(separator: "/").lazy.compactMap { part in
            part.utf8.count < 64 ? nil : Digest(hex: String(part.prefix { $0 != "." }))
        }.first
    }

    private mutating func isTransition(_ old: TreeEntry?, _ new: TreeEntry, _ repository: GitRepository) throws -> Bool
    {
        guard let member = retention.transitionField else { return false }
        return try value(of: member, old, repository) != value(of: member, new, repository)
    }

    private mutating func value(
        of member: String, _ entry: TreeEntry?, _ repository: GitRepository
    ) throws -> [UInt8]? {
        guard let entry, entry.kind.hasContents else { return nil }
        if let known = values[entry.id] { return known }
        if values.count >= Self.valueLimit { values = [:] }
        let value = try Self.value(of: member, in: repository.blob(entry.id))
        values.updateValue(value, forKey: entry.id)
        return value
    }

    /// The encoded member of a document, a JSON object; nil if it has none.
    ///
    /// - Complexity: Linear in the size of the document; values are not decoded, since that would take most of the
    ///   time.
    private static func value(of member: String, in document: [UInt8]) -> [UInt8]? {
        let spaces = Array(" \t\r\n".utf8)
        guard document.first(where: { !spaces.contains($0) }) == UInt8(ascii: "{") else { return nil }
        let key = Array("\"\(member)\"".utf8)
        var depth = 0
        var at = 0
        // The range of the last string at the top level, and the start of the value if that string is its key.
        var string = 0..<0
        var value: Int?
        while at < document.count {
            switch document[at] {
            case UInt8(ascii: "\""):
                let start = at
                at += 1
                while at < document.count, document[at] != UInt8(ascii: "\"") {
                    at += document[at] == UInt8(ascii: "\\") ? 2 : 1
                }
                if depth == 1 { string = start..<min(at + 1, document.count) }
            case UInt8(ascii: ":") where depth == 1 && document[string].elementsEqual(key): value = at + 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                if depth == 1, let value {
                    let rest = document[value..<at].drop { spaces.contains($0) }
                    return Array(rest.prefix(through: rest.lastIndex { !spaces.contains($0) } ?? at - 1))
                }
                if document[at] != UInt8(ascii: ",") { depth -= 1 }
            default: break
            }
            at += 1
        }
        return nil
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

extension EntryKind {
    /// Whether the entry's id is that of a blob. A submodule, in a branch that another program pushed, has the id of a
    /// commit of another repository.
    fileprivate var hasContents: Bool { self != .directory && self != .submodule }
}
