/// Writes many objects as one pack in which the versions of a path are deltas against each other.
///
/// Git searches for similar objects; here the history determines them: commits are visited from the oldest to the
/// newest, and each change of a path is encoded against an earlier version of that path. Version i of a path is a delta
/// against version i - 16^k, where 16^k is the largest power of 16 that divides i: chains stay short (at most 45), and
/// the versions compared are similar. Since nothing is searched, one pass is enough.
package struct DeltaPacker {
    /// The maximum number of bytes of versions that are held in memory.
    private static let memoryLimit = 256 << 20
    /// The size in bytes from which objects are encoded as deltas.
    private static let smallest = 80

    private let repository: GitRepository
    private let writer: PackWriter
    private var remaining: Set<ObjectID>
    private var chains: [String: VersionChain] = [:]
    private var heldBytes = 0

    private init(_ repository: GitRepository, _ objects: Set<ObjectID>, directory: String) throws(GitError) {
        self.repository = repository
        remaining = objects
        writer = try PackWriter(objects: directory, count: objects.count, isRepack: true)
    }

    /// Packs `objects`, durably. Removes nothing.
    ///
    /// - Parameters:
    ///   - heads: commits whose history determines the deltas. Each is followed until a commit that is not to be
    ///     packed.
    ///   - directory: the `objects` directory.
    /// - Returns: the path of the pack without extension.
    /// - Complexity: Reads each object once, and each directory that a commit changed.
    package static func pack(
        _ objects: Set<ObjectID>, heads: [ObjectID], of repository: GitRepository, objects directory: String
    ) throws -> String {
        var packer = try DeltaPacker(repository, objects, directory: directory)
        for head in heads { try packer.addHistory(of: head) }
        try packer.addRest()
        return try packer.writer.finish()
    }

    private mutating func addHistory(of head: ObjectID) throws {
        var commits: [Commit] = []
        var waiting = [head]
        while let id = waiting.popLast() {
            guard remaining.contains(id) else { continue }
            let found = try repository.withObject(id) { type, buffer in type == .commit ? Array(buffer) : nil }
            guard let bytes = found, let commit = Commit(bytes: bytes) else { continue }
            remaining.remove(id)
            try writer.add(id, .commit, bytes, compression: .small)
            commits.append(commit)
            waiting += commit.parents.reversed()
        }
        chains = [:]
        heldBytes = 0
        for commit in commits.reversed() {
            // In a damaged history the parent may be missing: then the tree is written without a delta.
            let parent = commit.parents.first.flatMap { try? repository.commit($0).tree }
            try add(tree: commit.tree, before: parent, "")
        }
    }

    private mutating func add(tree id: ObjectID, before old: ObjectID?, _ path: String) throws {
        guard id != old, remaining.contains(id) else { return }
        let before = old.flatMap { try? directory($0, path) } ?? .empty
        let tree = try repository.tree(id)
        try add(id, .tree, tree.bytes, path)
        for (old, new) in before.differences(to: tree) {
            guard let new, remaining.contains(new.id), new.kind != .submodule else { continue }
            let child = "\(path)/\(new.name)"
            if new.kind == .directory {
                try add(tree: new.id, before: old?.kind == .directory ? old?.id : nil, child)
            } else {
                try add(new.id, .blob, repository.blob(new.id), child)
            }
        }
    }

    /// The previous directory at `path`, usually the version that was added last.
    private func directory(_ id: ObjectID, _ path: String) throws -> Tree {
        if let last = chains[path]?.last, last.id == id { return Tree(bytes: last.bytes) }
        return try repository.tree(id)
    }

    private mutating func add(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8], _ path: String) throws {
        remaining.remove(id)
        if heldBytes > Self.memoryLimit {
            chains = [:]
            heldBytes = 0
        }
        var chain = chains[path] ?? VersionChain()
        let delta =
            bytes.count < Self.smallest
            ? nil : chain.base.flatMap { Delta.make(from: $0.bytes, to: bytes, limit: bytes.count / 2) }
        if let delta, let base = chain.base {
            try writer.add(id, delta: delta, base: base.id)
        } else {
            try writer.add(id, type, bytes, compression: .small)
        }
        heldBytes += chain.append(id, bytes)
        chains[path] = chain
    }

    /// Adds the objects that no visited commit contains.
    private mutating func addRest() throws {
        for id in remaining.sorted() {
            let object = try repository.withObject(id) { ($0, Array($1)) }
            try writer.add(id, object.0, object.1, compression: .small)
        }
    }
}

/// The versions of one path that can serve as the base of the next version.
private struct VersionChain {
    typealias Version = (id: ObjectID, bytes: [UInt8])
    private static let width = 16
    private static let levels = 3
    private var count = 0
    /// By exponent: the last version whose number is a multiple of 16 to that power.
    private var versions: [Version] = []

    var last: Version? { versions.first }

    /// The base of the next version; nil if it must be stored in full.
    var base: Version? {
        guard count > 0 else { return nil }
        var level = 0
        var number = count
        while number.isMultiple(of: Self.width), level < Self.levels - 1 {
            number /= Self.width
            level += 1
        }
        return versions[level]
    }

    /// The total size of all versions, each distinct version counted once.
    private var size: Int {
        versions.indices.reduce(0) { sum, level in
            level > 0 && versions[level].id == versions[level - 1].id ? sum : sum + versions[level].bytes.count
        }
    }

    /// - Returns: the increase of the bytes held in memory; negative if a larger version was dropped.
    mutating func append(_ id: ObjectID, _ bytes: [UInt8]) -> Int {
        let before = size
        var number = count
        if versions.isEmpty { versions = Array(repeating: (id, bytes), count: Self.levels) }
        for level in 0..<Self.levels {
            versions[level] = (id, bytes)
            guard number.isMultiple(of: Self.width) else { break }
            number /= Self.width
        }
        count += 1
        if count == 4096 { self = VersionChain() }
        return size - before
    }
}
