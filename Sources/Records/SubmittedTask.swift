internal import Core
internal import Git
public import Model
public import Store

/// A submitted task: the branch `refs/heads/requests/NAME`.
///
/// Its tree contains the matrix, `matrix.yaml`. `ci submit` adds `request.json`, which is optional in a push with git.
/// The process that executes the task maintains `state.json` there.
///
/// - SeeAlso: `docs/decisions/0194-tasks-are-branches.md`
public struct SubmittedTask: Hashable, Sendable {
    /// The prefix of the branches.
    public static let prefix = "requests/"
    /// The matrix on the branch.
    public static let matrixPath: StorePath = "matrix.yaml"
    private static let requestPath: StorePath = "request.json"
    private static let statePath: StorePath = "state.json"

    /// The branch's name without the prefix.
    public var name: String
    /// The request as submitted; for a push without the document, derived from the commit.
    public var request: TaskRequest
    /// The progress of the task.
    public var progress: TaskProgress
    /// The text of the matrix; nil if the branch has none.
    public var matrix: [UInt8]?

    // MARK: Claims

    /// The directory of the claims of tasks, which end with the processes that handle the tasks.
    package static let claims: StorePath = "tasks"
    /// The value of the claim of a task whose run has begun.
    package static let running = Array("running".utf8)

    /// The claim of a task.
    package static func claim(of name: String) throws -> StorePath { try claims.appending(Digest(of: name).hex) }

    // MARK: Reading

    /// All tasks of a store, in the order of their submission.
    ///
    /// - Throws: `StoreError`.
    public static func all(in store: Store) throws -> [SubmittedTask] {
        try store.branches(prefix: prefix).map { try SubmittedTask($0, in: store) }
            .sorted { ($0.request.submitted, $0.name) < ($1.request.submitted, $1.name) }
    }

    /// The task with a name; nil if there is none.
    ///
    /// - Throws: `StoreError`, also if the name is not valid for a branch.
    public static func named(_ name: String, in store: Store) throws -> SubmittedTask? {
        let branch = try Branch(prefix + name)
        return try store.snapshot(branch).commit == nil ? nil : SubmittedTask(branch, in: store)
    }

    private init(_ branch: Branch, in store: Store) throws {
        name = String(branch.name.dropFirst(Self.prefix.count))
        let snapshot = try store.snapshot(branch)
        matrix = try snapshot.bytes(at: Self.matrixPath)
        // Documents that cannot be decoded count as absent, because anyone may push.
        let request = try? snapshot.value(TaskRequest.self, at: Self.requestPath)
        let progress = try? snapshot.value(TaskProgress.self, at: Self.statePath)
        if let request {
            self.request = request
        } else {
            let commit = try Self.submission(on: branch, in: store)?.commit
            self.request = TaskRequest(
                submitted: Int(commit?.committer.time ?? 0), submitter: commit?.author.name ?? "unknown")
        }
        self.progress = progress ?? TaskProgress(.submitted, since: self.request.submitted)
    }

    /// The commit that submitted a task: the newest one without a state, before those that record its progress.
    private static func submission(on branch: Branch, in store: Store) throws -> HistoryEntry? {
        let history = try store.history(of: branch, limit: 16)
        return try history.first { try !store.snapshot(at: $0.id).exists(statePath) } ?? history.first
    }

    // MARK: Writing

    /// Submits a task.
    ///
    /// - Throws: `Failure` if there is a task of that name; `StoreError`, `Conflict`.
    public static func submit(_ name: String, _ request: TaskRequest, matrix: [UInt8], in store: Store) throws {
        try store.transact(Branch(prefix + name), "Submit the task \(name)") { transaction in
            guard try !transaction.exists(matrixPath) else {
                throw Failure(.input, "there is a task '\(name)' already", hint: "choose another --name")
            }
            try transaction.write(bytes: matrix, to: matrixPath)
            try transaction.write(request, to: requestPath)
        }
    }

    /// Records the progress of a task, unless it has ended.
    ///
    /// - Returns: false if it has ended.
    /// - Throws: `StoreError`, `Conflict`.
    public static func record(_ progress: TaskProgress, of name: String, in store: Store) throws -> Bool {
        let words = "Task \(name): \(progress.state.rawValue)"
        return try store.transact(Branch(prefix + name), words) { transaction in
            let known = try? transaction.value(TaskProgress.self, at: statePath)
            if let known, known.state.isEnd { return false }
            guard try transaction.exists(matrixPath) || progress.state.isEnd else { return false }
            try transaction.write(progress, to: statePath)
            return true
        }.value
    }
}
