internal import Git
internal import Glibc
internal import System

/// The version of a store's layout, and the migrations of older stores.
///
/// - SeeAlso: `docs/decisions/0038-migrations.md`
package struct Schema: Sendable {
    /// The change of each branch by a new version, in one transaction per branch.
    package struct Migration: Sendable {
        /// A short description for the commits: "Split the index".
        package let name: String
        /// Changes a branch from the previous version to this one.
        package let change: @Sendable (Transaction, Branch) throws -> Void

        package init(_ name: String, change: @escaping @Sendable (Transaction, Branch) throws -> Void) {
            self.name = name
            self.change = change
        }
    }

    /// The schema of this program, with all migrations from version 1.
    package static let current = Schema([])

    /// The migrations; the one at `index` brings a store of version `index + 1` to the next version.
    package let migrations: [Migration]
    /// The version that stores have after all migrations.
    package var version: Int { migrations.count + 1 }

    package init(_ migrations: [Migration]) {
        self.migrations = migrations
    }

    /// Creates a store unless it exists. If several processes do so at once, one creates it and the others wait.
    func create(_ layout: Layout, lockTimeout: Duration) throws {
        if FileStatus(layout.schema) != nil { return }
        let isThere = FileStatus(layout.root) != nil
        if !isThere { try Files.makeDirectories(layout.root) }
        let root = try File(layout.root, O_RDONLY | O_DIRECTORY)
        guard try root.lock(within: lockTimeout) else {
            throw StoreError(
                .locked, "store: another process has been creating '\(layout.root)' for \(lockTimeout)",
                hint: "`fuser '\(layout.root)'` shows it; the lock is released when that process ends")
        }
        defer { root.unlock() }
        if FileStatus(layout.schema) != nil { return }
        try make(layout)
    }

    private func make(_ layout: Layout) throws {
        if let clone = try? StoreClone.find(at: layout.root), !clone.isBare { throw clone.writeRefusal }
        guard layout.isFree || FileStatus(layout.gitObjects) != nil else {
            throw StoreError(
                .noStore, "'\(layout.root)' is not a store: it contains '\(names(in: layout.root)[0])'",
                hint: "give an empty directory or one that does not exist")
        }
        removeLocksOfKilledMaker(layout)
        let repository = try GitRepository(initializingBare: layout.root)
        try repository.configure(Self.configuration)
        for directory in [layout.own, layout.objects, layout.logs, layout.live] { try Files.makeDirectories(directory) }
        try SchemaState(version: version).write(layout)
    }

    /// No git process works on a repository without branches: locks in it belong to a killed process that was creating
    /// it.
    private func removeLocksOfKilledMaker(_ layout: Layout) {
        guard layout.hasNoBranches else { return }
        for name in ["config.lock", "HEAD.lock"] { unlink("\(layout.root)/\(name)") }
    }

    /// No automatic maintenance, protection against careless pushes, and syncing by stock git.
    static let configuration = [
        ("gc.auto", "0"), ("maintenance.auto", "false"), ("receive.autogc", "false"),
        ("receive.denyNonFastForwards", "true"), ("receive.denyDeletes", "true"), ("core.fsync", "committed"),
    ].map { (key: $0.0, value: $0.1) }

    /// Throws if there is no store or its schema is newer than this program's.
    @discardableResult
    func check(_ layout: Layout) throws(StoreError) -> SchemaState {
        let state = try SchemaState(layout)
        guard state.version <= version else {
            throw StoreError(
                .newerSchema,
                "the store at '\(layout.root)' has version \(state.version), this program supports at most \(version)",
                hint: "use a newer ci")
        }
        return state
    }
}

/// The contents of the file `ciso/schema`: `VERSION`, or `VERSION from OLDER` during a migration.
struct SchemaState: Equatable {
    var version: Int
    var from: Int?

    init(version: Int, from: Int? = nil) {
        self.version = version
        self.from = from
    }

    init(_ layout: Layout) throws(StoreError) {
        guard let bytes = try Files.contents(of: layout.schema, limit: 40) else {
            if FileStatus(layout.own) != nil, !layout.isFree, !layout.isUnfinished {
                throw StoreError(
                    .corrupted, "store: '\(layout.schema)' is missing",
                    hint: "`ci store verify --repair` restores it")
            }
            throw Self.noStore(at: layout.root)
        }
        let words = bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            .map { String(decoding: $0, as: UTF8.self) }
        let numbers = words.enumerated().filter { $0.offset != 1 }.compactMap { Int($0.element) }
        guard numbers.count == (words.count + 2) / 2, words.count == 1 || words.count == 3 && words[1] == "from",
            numbers.allSatisfy({ $0 > 0 })
        else {
            throw StoreError(
                .corrupted,
                "store: '\(layout.schema)' contains '\(words.joined(separator: " "))', expected a number",
                hint: "`ci store verify --repair` restores it")
        }
        self.init(version: numbers[0], from: numbers.dropFirst().first)
    }

    private static func noStore(at root: String) -> StoreError {
        guard let status = FileStatus(root) else {
            let hint = "`ci plan` creates one; --store selects another"
            return StoreError(.noStore, "there is no store at '\(root)'", hint: hint)
        }
        if Layout(root: root).isUnfinished {
            return StoreError(
                .noStore, "there is no store at '\(root)': the process that was creating it was interrupted",
                hint: "`ci plan` continues")
        }
        let name = names(in: root).first
        let found = status.isDirectory ? name.map { "it contains '\($0)'" } ?? "it is empty" : "it is a file"
        return StoreError(
            .noStore, "'\(root)' is not a store: \(found)",
            hint: "`ci plan` creates one in a new or empty directory; --store selects another")
    }

    func write(_ layout: Layout) throws(StoreError) {
        let text = from.map { "\(version) from \($0)" } ?? "\(version)"
        try Files.replace(layout.schema, with: Array("\(text)\n".utf8))
    }
}

extension Layout {
    /// Whether a store can be created here: the directory is missing, empty, or contains only a cache, as for users
    /// without a home directory.
    var isFree: Bool {
        let present = names(in: root)
        let isDirectory = FileStatus(root) == nil || FileStatus("\(root)/.") != nil
        return isDirectory
            && (present.isEmpty || present == ["ciso"] && names(in: own).allSatisfy { $0 == "cache" })
    }

    /// Whether a process has ended while it was creating a store here: there is an empty git repository and no schema,
    /// which is written last.
    var isUnfinished: Bool {
        FileStatus(schema) == nil && FileStatus(gitObjects) != nil && hasNoBranches
            && names(in: "\(gitObjects)/pack").isEmpty
            && names(in: gitObjects).allSatisfy { ["info", "pack"].contains($0) }
            && names(in: root).allSatisfy(Self.namesOfEmptyRepository.contains)
    }

    /// Whether no branch exists, neither as a file nor in `packed-refs`.
    fileprivate var hasNoBranches: Bool {
        names(in: "\(root)/refs/heads").isEmpty && FileStatus("\(root)/packed-refs") == nil
    }

    private static let namesOfEmptyRepository: Set<String> = [
        "HEAD", "HEAD.lock", "branches", "ciso", "config", "config.lock", "description", "hooks", "info", "objects",
        "refs",
    ]
}

extension Store {
    /// Whether a store can be created at `path`: the directory is missing, empty, contains only a cache, or a store
    /// that was not finished.
    package static func canBeMade(at path: String) -> Bool {
        let layout = Layout(root: path)
        return layout.isFree || layout.isUnfinished
    }
}
