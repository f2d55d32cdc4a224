/// The set of all objects that are reachable from given ones.
package struct Reachability {
    private let repository: GitRepository
    /// The objects reached so far.
    package private(set) var objects: Set<ObjectID> = []

    /// Follows `roots`: commits, tags, trees and blobs.
    ///
    /// - Complexity: Reads each commit, and the trees that differ from the parent's.
    /// - Throws: `GitError` if an object is missing or damaged.
    package init(from roots: [ObjectID], in repository: GitRepository) throws {
        self.repository = repository
        var waiting = roots
        while let id = waiting.popLast() {
            guard !objects.contains(id) else { continue }
            switch try repository.header(id).type {
            case .blob: objects.insert(id)
            case .tree: try add(tree: id, before: nil)
            case .tag:
                objects.insert(id)
                let lines = try String(decoding: repository.read(id, as: .tag), as: UTF8.self).split(separator: "\n")
                waiting += lines.first.flatMap { ObjectID(hex: $0.dropFirst("object ".count)) }.map { [$0] } ?? []
            case .commit:
                objects.insert(id)
                let commit = try repository.commit(id)
                waiting += commit.parents
                // The contents of the parent's directory are added with the parent.
                try add(tree: commit.tree, before: commit.parents.first.map { try repository.commit($0).tree })
            }
        }
    }

    private mutating func add(tree id: ObjectID, before old: ObjectID?) throws {
        guard id != old, objects.insert(id).inserted else { return }
        let before = try old.map { try repository.tree($0) } ?? .empty
        for (old, new) in try before.differences(to: repository.tree(id)) {
            guard let new, new.kind != .submodule else { continue }
            if new.kind == .directory {
                try add(tree: new.id, before: old?.kind == .directory ? old?.id : nil)
            } else {
                objects.insert(new.id)
            }
        }
    }
}
