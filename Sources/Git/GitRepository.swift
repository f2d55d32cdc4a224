internal import CGit2
internal import Glibc
internal import Logging
internal import System

/// Initialises libgit2 when the first repository is opened, which takes about 10 ms.
private let library: Void = {
    git_libgit2_init()
    // zlib's checksum detects damage on reading; `GitRepository.verify` checks hashes.
    _ = ciso_git_strict_hash_verification(0)
    // `RepositoryOwnership` checks owners: libgit2 1.5 reports a refusal as a missing repository, and ignores `*`.
    _ = ciso_git_owner_validation(0)
    // The default is 256 MiB of commits and trees, which a walk through a long history would fill without using them
    // again.
    _ = ciso_git_cache_size(32 << 20)
    // By default, whole packs are mapped, and count as the process's memory once they are read.
    _ = ciso_git_mapped_windows(4 << 20, 32 << 20)
    // These extensions do not affect how objects and references are read.
    let known: [String] = ["partialclone", "preciousobjects", "worktreeconfig"]
    let extensions = known.map { strdup($0) }
    var names: [UnsafePointer<CChar>?] = extensions.map { UnsafePointer($0) }
    _ = ciso_git_accept_extensions(&names, names.count)
    for name in extensions { free(name) }
}()

extension GitRepository {
    /// Sets how many bytes of packs may be mapped at once, for all repositories of this process; 32 MiB otherwise.
    ///
    /// If there are too few windows, several threads that read a whole plan continually replace each other's.
    package static func mapPacks(upTo bytes: Int) {
        _ = library
        _ = ciso_git_mapped_windows(4 << 20, bytes)
    }
}

/// The type of an object.
public enum ObjectType: String, Hashable, Sendable {
    case commit, tree, blob, tag
}

/// An open git repository, bare or not.
///
/// Used by one thread at a time and therefore not `Sendable`: open one for each thread. Opening it again is cheap.
///
/// - SeeAlso: `docs/decisions/0140-repository-owners.md`
public final class GitRepository {
    private let handle: OpaquePointer
    private var objects: OpaquePointer
    private let objectsDirectory: String
    /// The stamp of the directory of packs when `objects` was opened.
    private var packStamp: DirectoryStamp
    private var lastPackCheck = ContinuousClock.now
    /// The directory as given when the repository was opened.
    public let path: String
    /// A suggestion for the user if an object is missing or damaged; nil for git's own check.
    package var damageHint: String?
    /// Whether loose objects are read without libgit2, which hangs on truncated ones.
    package var readsLooseObjectsItself = false
    /// The existing directories of loose objects, by the first byte of the object ids. They are listed whenever new
    /// packs are: few stores have any, and checking for a file before reading each packed object takes longer than
    /// reading it.
    private var fanOutDirectories: Set<UInt8> = []
    private lazy var shallow = shallowCommits()

    /// Opens the repository at `path`: a bare one, a work tree, or its `.git`. Parent directories are not searched.
    ///
    /// - Throws: `GitError` of kind `notFound` if there is no repository, `owner` if it belongs to another user,
    ///   `unusable` or `corrupted` if it cannot be opened.
    public convenience init(opening path: String) throws(GitError) {
        _ = library
        let layout = RepositoryLayout(path)
        if let refusal = RepositoryOwnership.refusal(of: layout) { throw refusal }
        var repository: OpaquePointer?
        let status = git_repository_open_ext(&repository, path, UInt32(GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue), nil)
        guard status == 0, let repository else {
            throw layout.explain(failure(status, "open it", path))
        }
        try self.init(adopting: repository, path: path)
    }

    /// Creates a bare repository at `path` with its parent directories, or opens an existing one.
    public convenience init(initializingBare path: String, initialBranch: String = "main") throws(GitError) {
        _ = library
        if let refusal = RepositoryOwnership.refusal(of: RepositoryLayout(path)) { throw refusal }
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags =
            GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue | GIT_REPOSITORY_INIT_MKDIR.rawValue
        var repository: OpaquePointer?
        let status = initialBranch.withCString { branch in
            options.initial_head = branch
            return git_repository_init_ext(&repository, path, &options)
        }
        guard status == 0, let repository else { throw failure(status, "create it", path) }
        try self.init(adopting: repository, path: path)
    }

    private init(adopting repository: OpaquePointer, path: String) throws(GitError) {
        var database: OpaquePointer?
        let status = git_repository_odb(&database, repository)
        guard status == 0, let database else {
            git_repository_free(repository)
            throw failure(status, "open its objects", path)
        }
        handle = repository
        objects = database
        // For a linked work tree, the objects of its main repository.
        objectsDirectory = String(cString: git_repository_commondir(repository)) + "objects"
        packStamp = DirectoryStamp(of: objectsDirectory + "/pack")
        fanOutDirectories = LooseObjects.fanOutDirectories(in: objectsDirectory)
        self.path = path
        try IndexSafety.check(objectsDirectory, of: path, hint: nil)
    }

    deinit {
        git_odb_free(objects)
        git_repository_free(handle)
    }

    /// The directory that contains `objects` and `refs`, with a trailing slash.
    public var directory: String { String(cString: git_repository_path(handle)) }

    /// Like `directory`; for a linked work tree, that of its main repository.
    package var commonDirectory: String { String(cString: git_repository_commondir(handle)) }

    /// Sets keys such as `core.bare` in the repository's own configuration.
    public func configure(_ values: [(key: String, value: String)]) throws(GitError) {
        var config: OpaquePointer?
        try check(git_repository_config(&config, handle), "read its configuration")
        defer { git_config_free(config) }
        for (key, value) in values {
            try check(git_config_set_string(config, key, value), "set \(key)")
        }
    }

    private func check(_ status: Int32, _ operation: @autoclosure () -> String) throws(GitError) {
        if status < 0 { throw failure(status, operation(), path) }
    }

    /// All values of a key in the configurations of the repository and the user, in increasing precedence.
    package func configuredValues(of key: String) -> [String] {
        var config: OpaquePointer?
        guard git_repository_config_snapshot(&config, handle) == 0 else { return [] }
        defer { git_config_free(config) }
        return values(of: key, in: config)
    }

    /// The values of the keys that match a regular expression.
    private func configuredValues(matching pattern: String) -> [String] {
        var config: OpaquePointer?
        guard git_repository_config_snapshot(&config, handle) == 0 else { return [] }
        defer { git_config_free(config) }
        let found = ValueList()
        git_config_foreach_match(config, pattern, ValueList.collect, Unmanaged.passUnretained(found).toOpaque())
        return found.values
    }

    /// The values of a key in configuration files, without a repository; missing files have none.
    static func configuredValues(of key: String, inFiles files: [String]) -> [String] {
        _ = library
        var config: OpaquePointer?
        guard git_config_new(&config) == 0 else { return [] }
        defer { git_config_free(config) }
        return files.flatMap { file -> [String] in
            var single: OpaquePointer?
            guard git_config_open_ondisk(&single, file) == 0 else { return [] }
            defer { git_config_free(single) }
            return values(of: key, in: single)
        }
    }

    /// `user.email` in the user's or system's configuration; nil if it is not set.
    package static var userAddress: String? {
        let (system, user) = configurationFiles()
        return configuredValues(of: "user.email", inFiles: [system].compactMap { $0 } + user).last
    }

    /// The paths of the system's and user's configuration files, in the order in which git reads them.
    static func configurationFiles() -> (system: String?, user: [String]) {
        _ = library
        func find(_ search: (UnsafeMutablePointer<git_buf>) -> Int32) -> String? {
            var buffer = git_buf()
            defer { git_buf_dispose(&buffer) }
            guard search(&buffer) == 0 else { return nil }
            return buffer.ptr.map { String(cString: $0) }
        }
        return (
            find { git_config_find_system($0) },
            [find { git_config_find_xdg($0) }, find { git_config_find_global($0) }].compactMap { $0 }
        )
    }
}

/// Collects values while iterating over a configuration.
private final class ValueList {
    var values: [String] = []

    static let collect: git_config_foreach_cb = { entry, payload in
        guard let value = entry?.pointee.value, let payload else { return 0 }
        Unmanaged<ValueList>.fromOpaque(payload).takeUnretainedValue().values.append(String(cString: value))
        return 0
    }
}

private func values(of key: String, in config: OpaquePointer?) -> [String] {
    let found = ValueList()
    git_config_get_multivar_foreach(
        config, key, nil, ValueList.collect, Unmanaged.passUnretained(found).toOpaque())
    return found.values
}

// MARK: - What is missing

extension GitRepository {
    /// The possible reason for missing objects.
    private var incompleteness: IncompleteRepository {
        IncompleteRepository(
            objects: objectsDirectory, isShallow: git_repository_is_shallow(handle) == 1,
            isPartial: !configuredValues(matching: #"^(remote\..*\.promisor|extensions\.partialclone)$"#).isEmpty)
    }

    /// The error for a missing object that something refers to.
    package func missing(_ operation: String) -> GitError {
        incompleteness.error(operation, path, damageHint: damageHint)
    }

    /// Converts `error` for an object that must exist: its absence is damage, unless the clone is incomplete.
    private func objectError(_ error: GitError) -> GitError {
        switch error.kind {
        case .notFound: return missing(error.operation)
        // libgit2 has no specific number for unreadable packs or objects.
        case .other(-1): return error.asDamage(hint: damageHint)
        default: return error
        }
    }

    /// The commits of a shallow clone whose parents are missing.
    private func shallowCommits() -> Set<ObjectID> {
        guard git_repository_is_shallow(handle) == 1,
            let bytes = System.bytes(of: String(cString: git_repository_commondir(handle)) + "shallow")
        else { return [] }
        return Set(bytes.split(separator: UInt8(ascii: "\n")).compactMap { ObjectID(hex: $0) })
    }
}

// MARK: - Objects

extension GitRepository {
    /// Calls `body` with the contents of an object; the buffer is valid only during the call.
    ///
    /// - Throws: `GitError` of kind `notFound` or `corrupted`; any error of `body`.
    public func withObject<Result>(
        _ id: ObjectID, _ body: (ObjectType, UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        if readsLooseObjectsItself, fanOutDirectories.contains(id.firstByte),
            let loose = try LooseObjects.read(id, in: objectsDirectory)
        {
            return try loose.bytes.withUnsafeBytes { try body(loose.type, $0) }
        }
        var name = id.raw
        var object: OpaquePointer?
        do {
            try checkWithRefresh("read object \(id)") { git_odb_read(&object, objects, &name) }
        } catch {
            throw objectError(error)
        }
        defer { git_odb_object_free(object) }
        guard let type = ObjectType(git_odb_object_type(object)) else {
            throw GitError(
                kind: .corrupted, operation: "read object \(id)", detail: "its type is unknown", repository: path)
        }
        let buffer = UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object))
        return try body(type, buffer)
    }

    /// The contents of an object of type `type`.
    public func read(_ id: ObjectID, as type: ObjectType) throws -> [UInt8] {
        if type == .tree, id == .emptyTree { return [] }
        return try withObject(id) { found, buffer in
            guard found == type else {
                throw GitError(
                    kind: .notFound, operation: "read \(type.rawValue) \(id)", detail: "it is a \(found.rawValue)",
                    repository: path)
            }
            return Array(buffer)
        }
    }

    /// The contents of a file.
    public func blob(_ id: ObjectID) throws -> [UInt8] { try read(id, as: .blob) }

    /// The contents of a tree object.
    public func tree(_ id: ObjectID) throws -> Tree { Tree(bytes: try read(id, as: .tree)) }

    /// A commit.
    ///
    /// In a shallow clone the oldest commits have no parents.
    public func commit(_ id: ObjectID) throws -> Commit {
        guard var commit = Commit(bytes: try read(id, as: .commit)) else {
            throw GitError(
                kind: .corrupted, operation: "read commit \(id)", detail: "its contents are not a commit",
                repository: path)
        }
        if !shallow.isEmpty, shallow.contains(id) { commit.parents = [] }
        return commit
    }

    /// Calls `body` with the contents of a commit and its first parent, several times faster than `commit`.
    ///
    /// - Throws: like `withObject`; any error of `body`.
    package func withCommit<Result>(
        _ id: ObjectID, _ body: (_ contents: UnsafeRawBufferPointer, _ parent: ObjectID?) throws -> Result
    ) throws -> Result {
        try withObject(id) { type, contents in
            guard type == .commit, contents.starts(with: "tree ".utf8) else {
                throw GitError(
                    kind: .corrupted, operation: "read commit \(id)", detail: "its contents are not a commit",
                    repository: path)
            }
            let line = contents.dropFirst("tree ".utf8.count + 41)
            var parent: ObjectID?
            if line.starts(with: "parent ".utf8), line.count > 47, !shallow.contains(id) {
                parent = ObjectID(hex: Array(line.dropFirst("parent ".utf8.count).prefix(40))[...])
            }
            return try body(contents, parent)
        }
    }

    /// The type and size of an object, without reading all of it.
    public func header(_ id: ObjectID) throws(GitError) -> (type: ObjectType, size: Int) {
        var size = 0
        var type = GIT_OBJECT_INVALID
        var name = id.raw
        do {
            try checkWithRefresh("read object \(id)") { git_odb_read_header(&size, &type, objects, &name) }
        } catch {
            throw objectError(error)
        }
        guard let type = ObjectType(type) else {
            throw GitError(
                kind: .corrupted, operation: "read object \(id)", detail: "its type is unknown", repository: path)
        }
        return (type, size)
    }

    /// Whether the repository contains the object.
    public func contains(_ id: ObjectID) -> Bool {
        var name = id.raw
        return git_odb_exists(objects, &name) == 1
    }

    /// Stores an object as a loose file unless it exists, without syncing it.
    @discardableResult
    public func write(_ type: ObjectType, _ bytes: some Collection<UInt8>) throws(GitError) -> ObjectID {
        var id = git_oid()
        let array = bytes as? [UInt8] ?? Array(bytes)
        let status = array.withUnsafeBytes {
            git_odb_write(&id, objects, $0.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!, $0.count, type.number)
        }
        try check(status, "write a \(type.rawValue) of \(array.count) bytes")
        return ObjectID(id)
    }

    /// Stores a commit as a loose file without syncing it or updating a reference.
    @discardableResult
    public func write(_ commit: Commit) throws(GitError) -> ObjectID { try write(.commit, commit.bytes) }

    /// Stores a tree as a loose file without syncing it.
    @discardableResult
    public func write(_ tree: Tree) throws(GitError) -> ObjectID { try write(.tree, tree.bytes) }

    /// Calls `body` with the id of every object in the repository, reachable or not, until it throws.
    public func forEachObject(_ body: (ObjectID) throws -> Void) throws {
        let ids = try allObjects()
        for id in ids { try body(id) }
    }

    private func allObjects() throws(GitError) -> [ObjectID] {
        final class Collector { var ids: [ObjectID] = [] }
        let collector = Collector()
        let status = git_odb_foreach(
            objects,
            { id, payload in
                guard let id, let payload else { return 0 }
                Unmanaged<Collector>.fromOpaque(payload).takeUnretainedValue().ids.append(ObjectID(id.pointee))
                return 0
            }, Unmanaged.passUnretained(collector).toOpaque())
        try check(status, "list its objects")
        return collector.ids
    }

    /// Reopens the object database: opens new packs and closes removed ones.
    ///
    /// libgit2 finds new packs by itself, but never forgets a pack, and fails if one was removed before it was opened.
    public func refresh() throws(GitError) {
        let stamp = DirectoryStamp(of: objectsDirectory + "/pack")
        fanOutDirectories = LooseObjects.fanOutDirectories(in: objectsDirectory)
        try IndexSafety.check(objectsDirectory, of: path, hint: damageHint)
        var opened: OpaquePointer?
        try check(git_odb_open(&opened, objectsDirectory), "open its objects")
        guard let opened, git_repository_set_odb(handle, opened) == 0 else {
            git_odb_free(opened)
            throw failure(-1, "open its objects", path)
        }
        git_odb_free(objects)
        objects = opened
        packStamp = stamp
    }

    /// Like `refresh`, if packs were added or removed; checks at most once a second. For long-lived handles.
    package func refreshIfPacksChanged() throws(GitError) {
        let now = ContinuousClock.now
        guard now - lastPackCheck > .seconds(1) else { return }
        lastPackCheck = now
        fanOutDirectories = LooseObjects.fanOutDirectories(in: objectsDirectory)
        if DirectoryStamp(of: objectsDirectory + "/pack") != packStamp { try refresh() }
    }

    /// Runs `body`, and if it fails, repeats it after a refresh: other processes may move objects between packs at any
    /// time, and create the new pack before they remove the old one.
    private func checkWithRefresh(_ operation: @autoclosure () -> String, _ body: () -> Int32) throws(GitError) {
        var status = body()
        var attempts = 0
        while status < 0, attempts < 3 {
            try refresh()
            status = body()
            attempts += 1
        }
        try check(status, operation())
    }
}

// MARK: - Revisions

extension GitRepository {
    /// The commit of a revision (`main`, `v1~2`, a full or abbreviated id), with tags peeled.
    public func resolve(commit revision: String) throws(GitError) -> ObjectID {
        try resolve(revision, as: GIT_OBJECT_COMMIT)
    }

    /// The tree of a revision: that of a commit, the tree itself if the revision is its id, or a directory as in
    /// `main:some/directory`.
    public func resolve(tree revision: String) throws(GitError) -> ObjectID {
        try resolve(revision, as: GIT_OBJECT_TREE)
    }

    private func resolve(_ revision: String, as type: git_object_t) throws(GitError) -> ObjectID {
        var object: OpaquePointer?
        do {
            try checkWithRefresh("find revision '\(revision)'") { git_revparse_single(&object, handle, revision) }
        } catch {
            throw revisionError(error, revision)
        }
        defer { git_object_free(object) }
        var peeled: OpaquePointer?
        try check(git_object_peel(&peeled, object, type), "find a \(ObjectType(type)!.rawValue) at '\(revision)'")
        defer { git_object_free(peeled) }
        return ObjectID(git_object_id(peeled).pointee)
    }

    /// Distinguishes an unknown revision from one that refers to a missing object.
    private func revisionError(_ error: GitError, _ revision: String) -> GitError {
        guard error.kind == .notFound else { return error.kind == .other(-1) ? objectError(error) : error }
        let name = String(revision.prefix { !"~^:@".contains($0) })
        var reference: OpaquePointer?
        if git_reference_dwim(&reference, handle, name) == 0 {
            defer { git_reference_free(reference) }
            var resolved: OpaquePointer?
            if git_reference_resolve(&resolved, reference) != 0 { return error.withoutCommits(revision) }
            defer { git_reference_free(resolved) }
            if let target = git_reference_target(resolved), !contains(ObjectID(target.pointee)) {
                return missing(error.operation)
            }
        } else if revision == "HEAD" {
            return error.withoutCommits(revision)
        }
        return incompleteness.isShallow ? missing(error.operation) : error
    }

    /// The best common ancestor of two commits; nil if they have none.
    public func mergeBase(_ left: ObjectID, _ right: ObjectID) throws(GitError) -> ObjectID? {
        var base = git_oid()
        var a = left.raw
        var b = right.raw
        let status = git_merge_base(&base, handle, &a, &b)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try check(status, "find a common ancestor of \(left) and \(right)")
        return ObjectID(base)
    }

    /// Whether `ancestor` is `commit` or one of its ancestors.
    public func isAncestor(_ ancestor: ObjectID, of commit: ObjectID) throws(GitError) -> Bool {
        if ancestor == commit { return true }
        var a = ancestor.raw
        var c = commit.raw
        var status: Int32 = 0
        try checkWithRefresh("compare \(ancestor) with \(commit)") {
            status = git_graph_descendant_of(handle, &c, &a)
            return status
        }
        return status == 1
    }
}

// MARK: - References

extension GitRepository {
    /// The object of a reference (`refs/heads/main`, `HEAD`); nil if it does not exist.
    public func reference(_ name: String) throws(GitError) -> ObjectID? {
        var id = git_oid()
        let status = git_reference_name_to_id(&id, handle, name)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try check(status, "read reference '\(name)'")
        return ObjectID(id)
    }

    /// The names of all references with the prefix `prefix`, sorted by bytes.
    public func references(prefix: String = "refs/") throws(GitError) -> [String] {
        var list = git_strarray()
        try check(git_reference_list(&list, handle), "list its references")
        defer { git_strarray_dispose(&list) }
        let names = (0..<list.count).compactMap { list.strings[$0].map { String(cString: $0) } }
        return names.filter { $0.hasPrefix(prefix) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Moves a reference to `new` if it is at `expected`, or creates it if `expected` is nil.
    ///
    /// - Throws: `GitError` of kind `modified`, `exists` or `locked` if another process came first: read it again and
    ///   retry.
    public func updateReference(
        _ name: String, to new: ObjectID, expecting expected: ObjectID?, message: String = "update"
    ) throws(GitError) {
        var reference: OpaquePointer?
        var id = new.raw
        let operation = "move reference '\(name)' to \(new)"
        if let expected {
            var old = expected.raw
            try check(git_reference_create_matching(&reference, handle, name, &id, 1, &old, message), operation)
        } else {
            try check(git_reference_create(&reference, handle, name, &id, 0, message), operation)
        }
        git_reference_free(reference)
    }

    /// Deletes a reference if it is at `expected`.
    ///
    /// - Throws: `GitError` of kind `notFound`, `modified` or `locked`.
    public func deleteReference(_ name: String, expecting expected: ObjectID) throws(GitError) {
        var reference: OpaquePointer?
        let operation = "delete reference '\(name)'"
        try check(git_reference_lookup(&reference, handle, name), operation)
        defer { git_reference_free(reference) }
        guard let target = git_reference_target(reference), ObjectID(target.pointee) == expected else {
            throw GitError(
                kind: .modified, operation: operation, detail: "it is not at \(expected)", repository: path)
        }
        try check(git_reference_delete(reference), operation)
    }

    /// Whether `name` is a valid full name of a reference in git.
    public static func isValid(referenceName name: String) -> Bool {
        _ = library
        var valid: Int32 = 0
        return git_reference_name_is_valid(&valid, name) == 0 && valid == 1
    }
}

/// The time of the last change of a directory.
private struct DirectoryStamp: Equatable {
    private var seconds = 0
    private var nanoseconds = 0

    init(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}

// MARK: - Remotes

/// A reference of a remote repository.
package struct RemoteReference: Hashable, Sendable {
    /// `HEAD`, `refs/heads/main`, or `refs/tags/v1^{}` for the object of a tag.
    package var name: String
    /// The id of the object.
    package var id: ObjectID

    package init(name: String, id: ObjectID) {
        self.name = name
        self.id = id
    }
}

extension GitRepository {
    /// The references of the repository at `address`.
    ///
    /// - Throws: `GitError` of kind `notFound` if there is no repository, `network` if it cannot be reached.
    package func remoteReferences(of address: RemoteAddress) throws(GitError) -> [RemoteReference] {
        let url = address.description
        return try withRemote(address) { remote, callbacks throws(GitError) in
            var proxy = git_proxy_options()
            git_proxy_options_init(&proxy, UInt32(GIT_PROXY_OPTIONS_VERSION))
            proxy.type = GIT_PROXY_AUTO
            let status = git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, &proxy, nil)
            if status < 0 { throw remoteFailure(status, "connect", url) }
            defer { git_remote_disconnect(remote) }
            var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
            var count = 0
            let listed = git_remote_ls(&heads, &count, remote)
            if listed < 0 { throw remoteFailure(listed, "list its references", url) }
            return (0..<count).compactMap { index in
                heads?[index].map {
                    RemoteReference(name: String(cString: $0.pointee.name), id: ObjectID($0.pointee.oid))
                }
            }
        }
    }

    /// Fetches `refspecs` from the repository at `address`: `+refs/heads/main:refs/heads/main`, or with a commit's id
    /// instead of the reference, which not every server allows.
    ///
    /// References that the remote does not have are ignored.
    ///
    /// - Parameter isWanted: receives the number of bytes so far; false ends the transfer.
    /// - Throws: `GitError`, like `remoteReferences`.
    package func fetch(
        _ refspecs: [String], from address: RemoteAddress, while isWanted: @escaping (_ bytes: Int) -> Bool
    ) throws(GitError) {
        let url = address.description
        try withRemote(address, isWanted) { remote, callbacks throws(GitError) in
            var options = git_fetch_options()
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
            options.callbacks = callbacks
            options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
            options.proxy_opts.type = GIT_PROXY_AUTO
            var names = refspecs.map { strdup($0) }
            defer { for name in names { free(name) } }
            let status = names.withUnsafeMutableBufferPointer { buffer in
                var list = git_strarray(strings: buffer.baseAddress, count: buffer.count)
                return git_remote_fetch(remote, &list, &options, nil)
            }
            if status < 0 { throw remoteFailure(status, "fetch", url) }
        }
    }

    /// The state used by the callbacks of a remote.
    private final class CallbackState {
        let isWanted: (Int) -> Bool
        var hasOfferedKey = false

        init(_ isWanted: @escaping (Int) -> Bool) { self.isWanted = isWanted }

        static func at(_ payload: UnsafeMutableRawPointer?) -> CallbackState? {
            payload.map { Unmanaged<CallbackState>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    private func withRemote<Result>(
        _ address: RemoteAddress, _ isWanted: @escaping (Int) -> Bool = { _ in true },
        _ body: (OpaquePointer, inout git_remote_callbacks) throws(GitError) -> Result
    ) throws(GitError) -> Result {
        var remote: OpaquePointer?
        var options = git_remote_create_options()
        git_remote_create_options_init(&options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION))
        options.repository = handle
        options.flags = GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue
        // `url.*.insteadOf` applies to URLs only: a path is used as it is.
        if address.isPath { options.flags |= GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue }
        let status = git_remote_create_with_opts(&remote, address.url, &options)
        guard status == 0, let remote else { throw remoteFailure(status, "use the address", address.description) }
        defer { git_remote_free(remote) }
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        let state = CallbackState(isWanted)
        defer { withExtendedLifetime(state) {} }
        callbacks.payload = Unmanaged.passUnretained(state).toOpaque()
        callbacks.transfer_progress = { progress, payload in
            guard let progress, let state = CallbackState.at(payload) else { return 0 }
            return state.isWanted(progress.pointee.received_bytes) ? 0 : -1
        }
        // A key of the user's agent, offered only once, because libgit2 asks again after each rejection.
        callbacks.credentials = { credential, _, user, allowed, payload in
            guard let state = CallbackState.at(payload), !state.hasOfferedKey, let user,
                allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0
            else { return GIT_PASSTHROUGH.rawValue }
            state.hasOfferedKey = true
            return git_credential_ssh_key_from_agent(credential, user)
        }
        return try body(remote, &callbacks)
    }
}

private func remoteFailure(_ status: Int32, _ operation: String, _ url: String) -> GitError {
    let isAbsent = status == GIT_ENOTFOUND.rawValue || status == GIT_EAUTH.rawValue
    return lastError().remote(isAbsent: isAbsent, operation, url)
}

// MARK: - Translation to and from C

/// libgit2's message about the last failed call on this thread.
private func lastError() -> LibraryError {
    let message = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) } ?? ""
    logger.trace("libgit2 fails", metadata: ["message": "\(message)"])
    return LibraryError(message: message)
}

private func failure(_ status: Int32, _ operation: String, _ path: String) -> GitError {
    let kind: GitError.Kind =
        switch git_error_code(rawValue: status) {
        case GIT_ENOTFOUND, GIT_EUNBORNBRANCH: .notFound
        case GIT_EEXISTS: .exists
        case GIT_EAMBIGUOUS: .ambiguous
        case GIT_EINVALIDSPEC, GIT_EPEEL, GIT_EINVALID: .invalidName
        case GIT_EMODIFIED: .modified
        case GIT_ELOCKED: .locked
        case GIT_EOWNER: .owner
        case GIT_EMISMATCH: .corrupted
        default: .other(status)
        }
    return lastError().local(kind, operation, path)
}

extension ObjectID {
    fileprivate init(_ raw: git_oid) {
        self = withUnsafeBytes(of: raw) { ObjectID(at: $0.baseAddress!) }
    }

    fileprivate var raw: git_oid {
        var raw = git_oid()
        withUnsafeMutableBytes(of: &raw) { write(to: $0.baseAddress!) }
        return raw
    }
}

extension ObjectType {
    fileprivate init?(_ number: git_object_t) {
        switch number {
        case GIT_OBJECT_COMMIT: self = .commit
        case GIT_OBJECT_TREE: self = .tree
        case GIT_OBJECT_BLOB: self = .blob
        case GIT_OBJECT_TAG: self = .tag
        default: return nil
        }
    }

    fileprivate var number: git_object_t {
        switch self {
        case .commit: GIT_OBJECT_COMMIT
        case .tree: GIT_OBJECT_TREE
        case .blob: GIT_OBJECT_BLOB
        case .tag: GIT_OBJECT_TAG
        }
    }
}
