import Git
import TestSupport

/// A repository of git that sources are fetched from.
struct OriginRepository {
    private let directory: TemporaryDirectory
    let git: GitRepository
    static let author = Signature(name: "Ada", email: "ada@example.org", time: 1_234_567_890)

    init() throws {
        directory = try TemporaryDirectory()
        git = try GitRepository(initializingBare: directory.path)
    }

    var path: String { directory.path }

    /// Makes `entries` the contents of `reference`: kinds and contents by name.
    @discardableResult
    func commit(
        _ entries: [String: (kind: EntryKind, contents: String)], to reference: String = "refs/heads/main"
    ) throws -> ObjectID {
        let tree = try tree(
            entries.map { name, entry in
                let isObject = entry.kind == .submodule || entry.kind == .directory
                let id = try isObject ? ObjectID(hex: entry.contents)! : git.write(.blob, Array(entry.contents.utf8))
                return TreeEntry(name: name, kind: entry.kind, id: id)
            })
        let parent = try git.reference(reference)
        let commit = try git.write(
            Commit(tree: tree, parents: parent.map { [$0] } ?? [], author: Self.author, message: "Change\n"))
        try git.updateReference(reference, to: commit, expecting: parent)
        return commit
    }

    func tree(_ entries: [TreeEntry]) throws -> ObjectID { try git.write(Tree(entries)) }
}
