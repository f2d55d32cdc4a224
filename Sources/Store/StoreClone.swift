internal import Git
internal import Glibc
internal import System

/// A plain clone of a store made by git, which has only branches and is read-only.
struct StoreClone: Sendable {
    /// The directory as given.
    let path: String
    /// The directory of the repository's own files.
    let directory: String
    let isBare: Bool
    /// The URL that it was cloned from; nil if its configuration has none.
    let origin: String?
    /// The names of its remotes, `origin` first.
    let remotes: [String]

    /// The clone at `path`; nil if there is no git repository with a branch.
    ///
    /// - Throws: `GitError` if the repository cannot be opened.
    static func find(at path: String) throws -> StoreClone? {
        guard let repository = try repository(at: path) else { return nil }
        let references = try repository.references()
        let prefix = "refs/remotes/"
        let found = references.filter { $0.hasPrefix(prefix) }
            .compactMap { $0.dropFirst(prefix.count).split(separator: "/").first.map(String.init) }
        let remotes = Set(found).sorted { ($0 == "origin" ? 0 : 1, $0) < ($1 == "origin" ? 0 : 1, $1) }
        guard !remotes.isEmpty || references.contains(where: { $0.hasPrefix("refs/heads/") }) else { return nil }
        let directory = repository.commonDirectory
        return StoreClone(
            path: path, directory: directory.hasSuffix("/") ? String(directory.dropLast()) : directory,
            isBare: FileStatus("\(path)/.git") == nil && !repository.directory.hasSuffix("/.git/"),
            origin: repository.configuredValues(of: "remote.\(remotes.first ?? "origin").url").last, remotes: remotes)
    }

    private static func repository(at path: String) throws -> GitRepository? {
        do {
            return try GitRepository(opening: path)
        } catch  where error.kind == .notFound {
            return nil
        }
    }

    // MARK: Reading

    /// The commit of a branch: the local one or the one last fetched from a remote, if that is newer or there is no
    /// local one.
    func head(of branch: Branch, here own: ObjectID?, _ repository: GitRepository) throws -> ObjectID? {
        for remote in remotes {
            guard let fetched = try repository.reference("refs/remotes/\(remote)/\(branch.name)") else { continue }
            guard let own else { return fetched }
            if own == fetched { return own }
            return try repository.isAncestor(own, of: fetched) ? fetched : own
        }
        return own
    }

    /// The names of the branches of its remotes.
    func remoteBranches(_ repository: GitRepository) throws -> [String] {
        try remotes.flatMap { remote in
            let prefix = "refs/remotes/\(remote)/"
            return try repository.references(prefix: prefix).map { String($0.dropFirst(prefix.count)) }
                .filter { $0 != "HEAD" }
        }
    }

    /// The commit of a revision, including branches that only a remote has.
    func resolve(_ revision: String, _ repository: GitRepository) throws -> ObjectID {
        if let branch = try? Branch(revision),
            let head = try head(of: branch, here: repository.reference(branch.reference), repository)
        {
            return head
        }
        for name in [revision] + remotes.map({ "\($0)/\(revision)" }) {
            if let id = try? repository.resolve(commit: name) { return id }
        }
        return try repository.resolve(commit: revision)
    }

    // MARK: What it lacks

    /// The error for a write.
    var writeRefusal: StoreError {
        let way =
            isBare
            ? "`ci plan MATRIX --store '\(path)'` turns it into a store"
            : "create a separate store: git clone --bare '\(origin ?? "STORE")' DIR, then ci plan MATRIX --store DIR"
        return StoreError(
            .readOnly, "'\(path)' is a plain clone of a store, which is read-only",
            hint: "use the store that it was cloned from\(origin.map { ", '\($0)'" } ?? ""); or \(way)")
    }

    /// The error for logs and layers, which git does not clone.
    func lacks(_ thing: String) -> StoreError {
        StoreError(
            .notFound,
            "\(thing) is not available: '\(path)' is a plain clone of a store, which has no logs and no layers",
            hint: "use the store that it was cloned from\(origin.map { ": --store '\($0)' on its machine" } ?? "")")
    }
}

extension Layout {
    /// - Throws: `StoreError` of kind `readOnly` if this is a plain clone of a store.
    func requireWritable() throws(StoreError) {
        if let clone { throw clone.writeRefusal }
    }
}

extension Store {
    /// Whether this is a plain clone of a store, made by stock git, which is read-only.
    public var isClone: Bool { layout.clone != nil }

    /// - Throws: `StoreError` of kind `readOnly` if this is a plain clone of a store: for callers that do much work
    ///   before writing.
    public func requireWritable() throws { try layout.requireWritable() }
}
