internal import Core
internal import Git
internal import Glibc

/// What is wrong in a store, and what would help.
public struct StoreFinding: Sendable, Hashable, Codable {
    public enum Severity: String, Sendable, Codable {
        /// Something is lost or cannot be read.
        case damage
        /// Something is in the way or left over.
        case disorder
    }

    public let severity: Severity
    public let message: String
    /// What a repair did, or would do; nil: it can do nothing.
    public let repair: String?

    public init(severity: Severity, message: String, repair: String?) {
        self.severity = severity
        self.message = message
        self.repair = repair
    }
}

/// What a verification looked at and found.
public struct StoreVerification: Sendable, Codable {
    public var branches = 0
    public var commits = 0
    public var documents = 0
    public var objects = 0
    /// Archives of layers, where somebody looked at them.
    public var layers = 0
    /// Root file systems, where somebody looked at them.
    public var environments = 0
    public var findings: [StoreFinding] = []
}

extension Store {
    /// Looks for damage: every reachable commit, directory and document, the branches, locks, logs and objects.
    ///
    /// - Parameter repair: mends what can be mended without losing anything, after a snapshot of all branches.
    /// - Complexity: Reads and hashes everything once; twice if there is something to mend.
    public static func verify(at path: String, repair: Bool = false) throws -> StoreVerification {
        let layout = Layout(root: path)
        try Schema.current.check(layout)
        var verifier = Verifier(layout: layout, repair: false)
        try verifier.run()
        guard repair, !verifier.result.findings.isEmpty else { return verifier.result }
        try Store(opening: path).takeSnapshot(reason: "before-repair", isTolerant: true)
        verifier = Verifier(layout: layout, repair: true)
        try verifier.run()
        return verifier.result
    }
}

private struct Verifier {
    /// Seconds after which a lock of stock git is taken for left over.
    static let lockAge = 600
    let layout: Layout
    let repair: Bool
    var result = StoreVerification()
    private var seen: Set<ObjectID> = []

    init(layout: Layout, repair: Bool) {
        self.layout = layout
        self.repair = repair
    }

    mutating func run() throws {
        let repository = try GitRepository.store(at: layout.root)
        try locks()
        if repair {
            // Finishing what a dead writer left is what any writer does first.
            _ = try WriterSession(
                layout: layout, options: StoreOptions(), repository: repository,
                spares: SpareFiles(directory: layout.spares, after: .max))
        }
        try references(repository)
        packs()
        for name in try repository.references() where name.hasPrefix("refs/heads/") || name.hasPrefix("refs/ciso/") {
            guard let head = try? repository.reference(name) else { continue }
            result.branches += 1
            try walk(from: head, name, repository)
        }
        try contents()
    }

    private mutating func note(_ severity: StoreFinding.Severity, _ message: String, _ repair: String? = nil) {
        result.findings.append(StoreFinding(severity: severity, message: message, repair: repair))
    }

    private mutating func locks() throws {
        let places = files(below: "\(layout.root)/refs") + ["\(layout.root)/packed-refs.lock"]
        for path in places where path.hasSuffix(".lock") {
            guard let status = status(of: path), Int(systemTime()) - status.modified > Self.lockAge else { continue }
            note(.disorder, "lock '\(path)' is older than \(Self.lockAge) s", "remove it")
            if repair { unlink(path) }
        }
    }

    /// Branch files that hold no commit id get the last one that is known.
    private mutating func references(_ repository: GitRepository) throws {
        for path in files(below: "\(layout.root)/refs/heads") where !path.hasSuffix(".lock") {
            let name = String(path.dropFirst(layout.root.count + 1))
            do {
                let reference = ReferenceFile(name: name, directory: layout.root)
                guard let id = try reference.read(repository) else { continue }
                _ = try repository.commit(id)
            } catch {
                let known = try lastKnown(name, repository)
                note(.damage, "branch file '\(path)': \(error)", known.map { "set it to \($0)" })
                if repair, let known { try replace(path, with: Array("\(known)\n".utf8)) }
            }
        }
    }

    /// The newest commit of a branch in the journal or in the list of heads that is whole.
    private func lastKnown(_ name: String, _ repository: GitRepository) throws -> ObjectID? {
        let journal = try Journal(path: layout.journal, isDurable: false)
        let records = try journal.epoch().map { try journal.records(epoch: $0) } ?? []
        let journaled = records.map(\.record).filter { $0.reference == name }.map(\.new)
        let heads = String(decoding: try fileContents(layout.heads) ?? [], as: UTF8.self)
        let listed = heads.split(separator: "\n").filter { $0.hasSuffix(" \(name)") }
            .compactMap { ObjectID(hex: $0.prefix(40)) }
        return (listed + journaled).last { (try? repository.commit($0)) != nil }
    }

    /// A pack that is cut short hides objects, even from readers of others.
    private mutating func packs() {
        for base in layout.unprotectedPacks() where !PackIndex.isWhole(base: base) {
            note(
                .damage, "pack '\(base).pack' or its index is cut short or damaged",
                "fetch it from a clone: \(fetching)")
        }
    }

    private mutating func walk(from head: ObjectID, _ name: String, _ repository: GitRepository) throws {
        var next: ObjectID? = head
        while let id = next, seen.insert(id).inserted {
            guard let bytes = check(id, .commit, "\(name): commit \(id)", repository) else { return }
            guard let commit = Commit(bytes: bytes) else {
                return note(.damage, "\(name): commit \(id) is malformed")
            }
            result.commits += 1
            walk(tree: commit.tree, "\(name) at \(id)", repository)
            next = commit.parents.first
        }
    }

    private mutating func walk(tree id: ObjectID, _ place: String, _ repository: GitRepository) {
        guard id != .emptyTree, seen.insert(id).inserted else { return }
        guard let bytes = check(id, .tree, "\(place): directory \(id)", repository) else { return }
        let tree = Tree(bytes: bytes)
        guard tree.isWellFormed else { return note(.damage, "\(place): directory \(id) is malformed") }
        for entry in tree.entries {
            if entry.kind == .directory {
                walk(tree: entry.id, "\(place):\(entry.name)", repository)
            } else if entry.kind != .submodule, seen.insert(entry.id).inserted {
                if check(entry.id, .blob, "\(place): '\(entry.name)'", repository) != nil { result.documents += 1 }
            }
        }
    }

    private mutating func check(
        _ id: ObjectID, _ type: ObjectType, _ place: String, _ repository: GitRepository
    ) -> [UInt8]? {
        do {
            let bytes = try repository.read(id, as: type)
            if ObjectID(hashing: type, bytes) == id { return bytes }
            note(.damage, "\(place): its contents have another hash", "fetch it from a clone: \(fetching)")
        } catch {
            note(.damage, "\(place): \(error)", "fetch it from a clone: \(fetching)")
        }
        return nil
    }

    private var fetching: String { "remove the damaged file, then git -C '\(layout.root)' fetch --refetch CLONE" }

    /// Logs and objects must have the digest that names them.
    private mutating func contents() throws {
        for (kind, directory) in [("object", layout.objects), ("log", "\(layout.logs)/sealed")] {
            let directory = ObjectDirectory(directory: directory)
            for file in directory.list() {
                result.objects += 1
                let path = directory.path(of: file.digest)
                if (try? ObjectDirectory.digest(ofFile: path)) == file.digest { continue }
                note(.damage, "\(kind) '\(path)' does not have the digest of its name", "drop it")
                if repair { try directory.remove(file.digest) }
            }
        }
        for finding in LogDirectory(directory: layout.logs).damagedArchives() {
            note(.damage, finding)
        }
    }
}
