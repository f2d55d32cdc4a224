internal import Core
internal import Git
internal import Glibc
internal import System

/// The newest directory of each branch, which must be complete, because the next commit is based on it.
extension Verifier {
    mutating func checkBranches(_ repository: GitRepository) {
        guard repair, let names = try? repository.references(prefix: "refs/heads/") else { return }
        for name in names {
            guard let head = (try? repository.reference(name)) ?? nil, let commit = try? repository.commit(head) else {
                continue
            }
            var inventory = BranchInventory(repository)
            inventory.add(tree: commit.tree, "")
            if !inventory.lost.isEmpty { mend(name, head, commit, inventory, repository) }
        }
    }

    private mutating func mend(
        _ reference: String, _ head: ObjectID, _ commit: Commit, _ inventory: BranchInventory,
        _ repository: GitRepository
    ) {
        let branch = String(reference.dropFirst("refs/heads/".count))
        var documents = inventory.documents
        var advice = "\(fetching); or recreate them: `ci run`"
        var way = "continue without the lost documents, in a new commit"
        var tree: ObjectID?
        switch rebuilding.rebuild(branch, inventory.documents) {
        case .documents(let rebuilt): documents = rebuilt
        case .wholeVersion(let words):
            advice = words
            let whole = newestWholeVersion(from: commit, repository)
            tree = whole?.commit.tree ?? .emptyTree
            way =
                whole.map { "restore the version of commit \($0.id), in a new commit" }
                ?? "empty the branch, in a new commit"
            documents = [:]
        case nil: break
        }
        let lost = inventory.lost.filter { path in
            documents[path] == nil && !documents.keys.contains { $0.hasPrefix("\(path)/") }
        }
        let before = self
        note(
            .damage, .branch,
            "branch '\(branch)': \(inventory.lost.count) documents or directories of its newest commit \(head) cannot be read",
            repair: lost.isEmpty ? "rebuild them from the others" : way
        ) {
            let tree = try tree ?? before.write(documents, repository)
            if tree != commit.tree { try before.commit(tree, to: reference, over: head, commit, lost, repository) }
            try repository.refresh()
        }
        for path in lost {
            let words = rebuilding.describe(branch, path).map { " (\($0))" } ?? ""
            note(.damage, .document, "branch '\(branch)': '\(path)'\(words) is lost", advice: advice)
        }
    }

    private func newestWholeVersion(
        from head: Commit, _ repository: GitRepository
    ) -> (id: ObjectID, commit: Commit)? {
        var next = head.parents.first
        while let id = next, let commit = try? repository.commit(id) {
            var inventory = BranchInventory(repository)
            inventory.add(tree: commit.tree, "")
            if inventory.lost.isEmpty { return (id, commit) }
            next = commit.parents.first
        }
        return nil
    }

    /// Writes the directory of `documents`, including missing documents.
    private func write(_ documents: [String: [UInt8]], _ repository: GitRepository) throws -> ObjectID {
        let loose = LooseObjects(directory: layout.gitObjects)
        var edits: [StorePath: Edit] = [:]
        for (path, bytes) in documents {
            let id = ObjectID(hashing: .blob, bytes)
            if (try? repository.header(id)) == nil { try loose.write(id, .blob, bytes) }
            edits[try StorePath(path)] = .write(id)
        }
        var editor = TreeEditor { try repository.tree($0) }
        let root = try editor.apply(edits.map { (key: $0.key, value: $0.value) }, to: .emptyTree)
        for (id, tree) in editor.created where (try? repository.header(id)) == nil {
            try loose.write(id, .tree, tree.bytes)
        }
        return root
    }

    private func commit(
        _ tree: ObjectID, to name: String, over head: ObjectID, _ old: Commit, _ lost: [String],
        _ repository: GitRepository
    ) throws {
        let time = max(systemTime(), old.committer.time)
        let names = lost.prefix(1_000).map { "Lost: \($0)\n" }.joined()
        let commit = Commit(
            tree: tree, parents: [head], author: Signature(name: "ciso", email: "ciso@localhost", time: time),
            message: "Repair: go on after damage\n\n\(names.isEmpty ? "Lost: nothing\n" : names)")
        let bytes = commit.bytes
        let id = ObjectID(hashing: .commit, bytes)
        let loose = LooseObjects(directory: layout.gitObjects)
        if tree == .emptyTree { try loose.write(.emptyTree, .tree, []) }
        try loose.write(id, .commit, bytes)
        try Files.synchronizeFileSystem(of: layout.root)
        let reference = ReferenceFile(name: name, directory: layout.root)
        guard try reference.lock(id) else { throw StoreError(.locked, "the lock '\(reference.lockPath)' exists") }
        guard try reference.read(repository) == head else {
            reference.unlock()
            throw StoreError(
                .locked, "another process is writing to '\(name)'", hint: "repeat the repair when it is done")
        }
        try reference.commit()
    }
}

/// The readable documents of one version of a branch, and the paths of unreadable ones.
struct BranchInventory {
    private let repository: GitRepository
    private(set) var documents: [String: [UInt8]] = [:]
    private(set) var lost: [String] = []

    init(_ repository: GitRepository) { self.repository = repository }

    mutating func add(tree id: ObjectID, _ path: String) {
        guard id != .emptyTree else { return }
        guard let bytes = whole(id, .tree), Tree(bytes: bytes).isWellFormed else {
            lost.append(path)
            return
        }
        for entry in Tree(bytes: bytes).entries {
            let place = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
            switch entry.kind {
            case .directory: add(tree: entry.id, place)
            case .submodule: break
            case .file, .executable, .symbolicLink:
                if let bytes = whole(entry.id, .blob) { documents[place] = bytes } else { lost.append(place) }
            }
        }
    }

    private func whole(_ id: ObjectID, _ type: ObjectType) -> [UInt8]? {
        guard let bytes = try? repository.read(id, as: type), ObjectID(hashing: type, bytes) == id else { return nil }
        return bytes
    }
}
