internal import Core
internal import Git

/// Applies a batch of requests to a branch's head in memory: conflicting requests are merged or rejected.
struct ChangeBuilder {
    private let branch: Branch
    private let options: StoreOptions
    private let readBlob: (ObjectID) throws -> [UInt8]
    private var editor: TreeEditor
    private var index = DirectoryIndex()
    /// Requests with more writes than this use the index.
    private static let few = 1000
    private var head: ObjectID?
    private var headTime: Int64
    private var tree: ObjectID
    private var change = PreparedChange()
    /// Accepted requests for the next commit, and their combined edits.
    private var group: [CommitRequest] = []
    private var groupEdits: [StorePath: Edit] = [:]
    /// The directories above those edits; nil until they are needed.
    private var groupDirectories: Set<StorePath>?

    init(
        branch: Branch, head: (id: ObjectID, commit: Commit)?, options: StoreOptions,
        loadTree: @escaping (ObjectID) throws -> Tree, readBlob: @escaping (ObjectID) throws -> [UInt8]
    ) {
        self.branch = branch
        self.options = options
        self.readBlob = readBlob
        editor = TreeEditor(load: loadTree)
        self.head = head?.id
        headTime = head?.commit.committer.time ?? 0
        tree = head?.commit.tree ?? .emptyTree
    }

    /// Builds the commits for `requests` in order.
    mutating func build(_ requests: [CommitRequest]) throws -> PreparedChange {
        for request in requests {
            do {
                let edits = try rebased(request)
                if request.options.grouping == .own { try closeGroup() }
                group.append(request)
                if groupEdits.isEmpty { groupEdits = edits } else { groupEdits.merge(edits) { $1 } }
                if groupDirectories != nil {
                    for path in edits.keys { groupDirectories?.formUnion(path.ancestors) }
                }
                if request.options.grouping == .own { try closeGroup() }
            } catch let error as GitError {
                throw error
            } catch {
                change.rejected.append((request, error))
            }
        }
        try closeGroup()
        change.trees = editor.created
        change.treeVersions = editor.versions
        return change
    }

    /// The edits of `request` relative to the current branch; those without effect are omitted.
    private mutating func rebased(_ request: CommitRequest) throws -> [StorePath: Edit] {
        let unchanged = request.baseTree == tree && groupEdits.isEmpty
        if !unchanged {
            // Equal writes conflict too: two requests that each add 1 to the value they read must not add 1 together.
            for (path, seen) in request.reads {
                guard try current(path) == seen else {
                    throw try conflict(request, path, isWrite: request.writes[path] != nil)
                }
            }
        }
        var edits: [StorePath: Edit] = [:]
        for (path, write) in request.writes {
            let there = try replaceable(path, isOneOfMany: request.writes.count > Self.few)
            let base = unchanged ? there : try entry(path, request.baseTree)
            var contents = write.contents
            if there != base, there != contents.map({ ObjectID(hashing: .blob, $0) }) {
                contents = try merge(request, path, write, base: base, theirs: there)
            }
            if let contents {
                let id = ObjectID(hashing: .blob, contents)
                if id == there { continue }
                change.blobs[id] = contents
                edits[path] = .write(id)
            } else if there != nil {
                edits[path] = .remove
            }
        }
        return edits
    }

    private mutating func merge(
        _ request: CommitRequest, _ path: StorePath, _ write: Transaction.Write, base: ObjectID?, theirs: ObjectID?
    ) throws -> [UInt8]? {
        guard let merge = write.merge, let ours = write.contents, let theirs = try contents(theirs),
            let merged = merge(try contents(base), ours, theirs)
        else { throw try conflict(request, path, isWrite: true) }
        return merged
    }

    private mutating func conflict(_ request: CommitRequest, _ path: StorePath, isWrite: Bool) throws -> Conflict {
        let base = try contents(entry(path, request.baseTree))
        return Conflict(
            branch: branch, path: path, base: base, ours: isWrite ? request.writes[path]?.contents : base,
            theirs: try contents(current(path)), isWrite: isWrite, attempts: 1)
    }

    /// The current entry at `path`, including the pending group. Directories are compared as a whole.
    private mutating func current(_ path: StorePath) throws -> ObjectID? {
        try inGroup(path) ?? entry(path, tree)
    }

    /// The change of `path` in the pending group; nil if the group does not change it or has been committed.
    private mutating func inGroup(_ path: StorePath) throws -> ObjectID?? {
        if groupEdits.isEmpty { return .none }
        switch groupEdits[path] {
        case .write(let id): return .some(id)
        case .remove: return .some(nil)
        case nil: break
        }
        if groupDirectories == nil { groupDirectories = Set(groupEdits.keys.flatMap(\.ancestors)) }
        if groupDirectories?.contains(path) == true || path.ancestors.contains(where: { groupEdits[$0] != nil }) {
            try closeGroup()
        }
        return .none
    }

    /// The current document at `path`. If a document cannot be written there, only its own request must be rejected,
    /// not all that share the commit.
    private mutating func replaceable(_ path: StorePath, isOneOfMany: Bool) throws -> ObjectID? {
        if let id = try inGroup(path) { return id }
        var directory = tree
        for (depth, name) in path.components.enumerated() {
            let found =
                isOneOfMany
                ? try index.entry(named: name, in: directory, editor.tree)
                : try editor.entry(named: name, in: directory)
            guard let entry = found else { return nil }
            let isLast = depth == path.components.count - 1
            if isLast && entry.kind == .directory {
                throw StoreError(.notADirectory, "'\(path)' is a directory, and cannot become a document")
            }
            if isLast { return entry.id }
            if entry.kind != .directory {
                let place = path.components[...depth].joined(separator: "/")
                throw StoreError(.notADirectory, "'\(place)' is a document, and cannot become a directory")
            }
            directory = entry.id
        }
        return nil
    }

    private mutating func entry(_ path: StorePath, _ root: ObjectID) throws -> ObjectID? {
        try editor.entry(at: path, in: root)?.id
    }

    private func contents(_ id: ObjectID?) throws -> [UInt8]? {
        guard let id else { return nil }
        return change.blobs[id] ?? (try? readBlob(id))
    }

    /// Makes one commit of the pending requests.
    private mutating func closeGroup() throws {
        guard !group.isEmpty else { return }
        defer {
            group = []
            groupEdits = [:]
            groupDirectories = nil
        }
        guard !groupEdits.isEmpty else {
            change.accepted += group.map { ($0, head) }
            return
        }
        do {
            tree = try editor.apply(groupEdits, to: tree)
        } catch let error as StoreError {
            change.rejected += group.map { ($0, error) }
            return
        }
        headTime = max(headTime, options.clock())
        let author = group[0].options.author ?? options.author
        let commit = Commit(
            tree: tree, parents: head.map { [$0] } ?? [],
            author: Signature(name: author.name, email: author.email, time: headTime),
            message: Self.message(of: group))
        let bytes = commit.bytes
        let id = ObjectID(hashing: .commit, bytes)
        change.commits.append((id, commit, bytes))
        change.steps.append(
            JournalRecord.Step(commit: bytes, edits: groupEdits.map { (path: $0.key, edit: $0.value) }))
        change.accepted += group.map { ($0, id) }
        head = id
    }

    /// The message of a single request, or a count and the subjects of several, followed by their trailers.
    private static func message(of group: [CommitRequest]) -> String {
        if group.count == 1 { return group[0].message }
        let subjects = group.map { $0.message.prefix { $0 != "\n" } }
        return "\(subjects[0]) and \(group.count - 1) more\n\n"
            + subjects.map { "- \($0)" }.joined(separator: "\n") + "\n"
    }
}
