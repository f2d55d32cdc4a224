internal import Core
internal import Git
internal import Glibc
internal import System

extension Store {
    /// Checks every reachable commit, directory and document, and the branches, packs, locks, logs and objects for
    /// damage.
    ///
    /// - Parameters:
    ///   - repair: Whether to repair damage after a snapshot of all branches; damaged files are moved to a separate
    ///     directory.
    ///   - rebuilding: How to rebuild damaged branches.
    /// - Throws: `StoreError`, `GitError` if there is no store or it is not readable.
    /// - Complexity: Reads and hashes everything once; three times if there is something to repair.
    public static func verify(
        at path: String, repair: Bool = false, rebuilding: BranchRebuilding = BranchRebuilding()
    ) throws -> StoreVerification {
        let layout = try Layout.forVerification(at: path)
        var verifier = Verifier(layout: layout, repair: false, rebuilding)
        try verifier.run()
        guard repair, !verifier.result.findings.isEmpty else { return verifier.result }
        try layout.requireWritable()
        verifier = Verifier(layout: layout, repair: true, rebuilding)
        try verifier.run()
        var last = Verifier(layout: layout, repair: false, rebuilding)
        try last.run()
        verifier.result.remaining = last.result.findings
        return verifier.result
    }
}

extension Layout {
    /// Like `find`, even if the store is too damaged to be opened.
    fileprivate static func forVerification(at path: String) throws -> Layout {
        let layout = try find(at: path)
        guard layout.clone == nil else { return layout }
        do throws(StoreError) {
            try Schema.current.check(layout)
        } catch {
            guard error.kind == .corrupted else { throw error }
        }
        return layout
    }
}

/// One pass over a store that finds damage and optionally repairs it.
///
/// - SeeAlso: `docs/decisions/0142-repair.md`
struct Verifier {
    let layout: Layout
    let repair: Bool
    let rebuilding: BranchRebuilding
    var result = StoreVerification()
    var seen: Set<ObjectID> = []

    init(layout: Layout, repair: Bool, _ rebuilding: BranchRebuilding) {
        self.layout = layout
        self.repair = repair
        self.rebuilding = rebuilding
    }

    mutating func run() throws {
        if layout.clone == nil {
            checkFrame()
            checkPacks()
            checkDerivedFiles()
            // It must not even be opened: libgit2 would read at the invalid offsets.
            guard layout.hasSafeIndexes else { return }
        }
        guard let repository = try open() else { return }
        if layout.clone == nil {
            checkConfiguration(repository)
            checkLocks()
            if repair { finishPendingWork(repository) }
            checkPackedReferences()
            checkLooseObjects()
            if repair { rewriteFromJournal(repository) }
            checkReferences(repository)
            if repair { keepReferences(repository) }
            checkBranches(repository)
        }
        walkHistory(repository)
        if layout.clone == nil {
            checkContents()
            checkNeededContents(repository)
            checkJournal(repository)
        }
    }

    /// Records a finding; in a repair, also runs `action` to fix it.
    mutating func note(
        _ severity: StoreFinding.Severity, _ subject: StoreFinding.Subject, _ message: String,
        repair way: String? = nil,
        advice: String? = nil, _ action: () throws -> Void = {}
    ) {
        var finding = StoreFinding(severity, subject, message, repair: way, advice: advice)
        if repair, way != nil {
            do {
                try action()
                finding.isDone = true
            } catch {
                finding.advice = "the repair failed: \(error)"
            }
        }
        result.findings.append(finding)
    }

    /// Moves a file to a directory where it does no harm and is kept.
    func moveAside(_ path: String) throws {
        try Files.makeDirectories(layout.damaged)
        let name = path.dropFirst(layout.root.count + 1).split(separator: "/").joined(separator: "-")
        let target = ([name] + (2...9_999).map { "\(name).\($0)" }).map { "\(layout.damaged)/\($0)" }
            .first { FileStatus($0) == nil }
        guard let target else { throw StoreError.system("move", path, EEXIST) }
        do throws(SystemError) {
            try FileSystem<SystemError>.rename(path, target)
        } catch {
            guard error.code == ENOENT else { throw StoreError(error) }
        }
    }

    var fetching: String { "fetch it from a clone: git --git-dir='\(layout.root)' fetch --refetch CLONE" }

    private mutating func finishPendingWork(_ repository: GitRepository) {
        // As every writer does first, finish what a dead writer left.
        do {
            _ = try WriterSession(
                layout: layout, options: StoreOptions(), repository: repository,
                spares: RecycledFiles(directory: layout.spares, after: .max))
        } catch {
            note(.damage, .journal, "the pending change of the last writer cannot be finished: \(error)")
        }
    }

    private mutating func checkLocks() {
        let places =
            files(below: "\(layout.root)/refs")
            + ["packed-refs.lock", "HEAD.lock", "config.lock"].map { "\(layout.root)/\($0)" }
        for path in places where path.hasSuffix(".lock") {
            guard let age = FileStatus(path).map({ Int(systemTime()) - $0.modified }),
                age > ReferenceFile.abandonedLockAge
            else {
                continue
            }
            note(
                .disorder, .lock, "lock '\(path)' is older than \(ReferenceFile.abandonedLockAge) s",
                repair: "remove it"
            ) {
                try Files.remove(path)
            }
        }
    }
}
