internal import Core
internal import Foundation
internal import Git
internal import OpamFormat
internal import System

/// A bare copy of a remote repository with the parts fetched so far.
///
/// Functions block; concurrent fetches into the same copy wait for each other.
struct GitMirror {
    let url: String
    /// The maximum number of bytes of one fetch.
    let limit: Int
    let deadline: Deadline
    let repository: GitRepository
    private let path: String
    private let address: RemoteAddress

    /// - Parameter directory: the directory of all mirrors, which is created if necessary.
    init(of url: String, in directory: String, limit: Int, deadline: Deadline) throws {
        self.url = url
        address = SourceAddress.localPath(url).map { .path(SourceAddress.decoded($0)) } ?? .url(url)
        self.limit = limit
        self.deadline = deadline
        path = Self.path(of: url, in: directory)
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            // If two processes created the copy at the same time, git's own locks would make one fail.
            let lock = try Self.lock(path, of: url, deadline)
            defer { lock.unlock() }
            Self.removeLeftovers(in: path)
            repository = try GitRepository(initializingBare: path)
        } catch let error as SourceError {
            throw error
        } catch let error as GitError {
            // A cache of another user, or one that cannot be written, must not be recreated.
            let reason =
                error.kind == .owner ? error.description : "its copy '\(path)' cannot be created: \(error.detail)"
            throw SourceError(
                SourceError.Kind(error, absence: .damaged), "\(url): \(reason)", hint: error.hint)
        } catch {
            throw SourceError(.system, "\(directory): cannot be created: \(systemReason(of: error) ?? "\(error)")")
        }
    }

    /// The path of the copy of a repository.
    static func path(of url: String, in directory: String) -> String {
        "\(directory)/\(Digest(of: url).hex.prefix(16)).git"
    }

    /// The commit of a branch, a tag or an abbreviated commit id; nil for the default branch.
    func commit(at revision: String?) throws(SourceError) -> ObjectID {
        let offered = try requesting { () throws(GitError) in try repository.remoteReferences(of: address) }
        for name in Self.names(for: revision) {
            let found = offered.first { $0.name == name + "^{}" } ?? offered.first { $0.name == name }
            if let found { return found.id }
        }
        guard let revision else { throw SourceError(.missing, "\(url): the repository has no commit") }
        if revision.count >= 7, revision.allSatisfy(\.isHexDigit) {
            try fetch(Self.everything)
            if let commit = try? repository.resolve(commit: revision) { return commit }
        }
        let branches = offered.compactMap { $0.name.hasPrefix("refs/heads/") ? String($0.name.dropFirst(11)) : nil }
        let guess = nearest(to: revision, in: branches).map { "; did you mean '\($0)'?" } ?? ""
        throw SourceError(.missing, "\(url): there is no branch, tag or commit '\(revision)'\(guess)")
    }

    /// Fetches a commit with its contents and its history.
    ///
    /// - Parameter revision: a revision for `commit(at:)`, optionally followed by git's suffixes `~3`, `^2`.
    /// - Returns: The id of the commit.
    func obtain(_ revision: String?) throws(SourceError) -> String {
        let name = revision.map { String($0.prefix { $0 != "~" && $0 != "^" }) }
        let steps = revision.map { $0.dropFirst(name?.count ?? 0) } ?? ""
        let known = name.flatMap { $0.utf8.count == 40 ? ObjectID(hex: $0) : nil }
        let start = if let known { known } else { try commit(at: name == "HEAD" ? nil : name) }
        try fetch(start)
        do throws(GitError) {
            return try repository.resolve(commit: "\(start)\(steps)").hex
        } catch {
            guard error.kind == .notFound, !steps.isEmpty else {
                throw SourceError(.damaged, "\(url): its copy '\(path)' cannot be read: \(error)")
            }
            throw SourceError(.missing, "\(url): there is no commit '\(revision ?? "")'")
        }
    }

    /// The possible names of the reference in git's order; without a revision, the names that opam tries.
    private static func names(for revision: String?) -> [String] {
        guard let revision else { return ["HEAD", "refs/heads/master", "refs/heads/main"] }
        return (revision.hasPrefix("refs/") ? [revision] : []) + ["refs/tags/\(revision)", "refs/heads/\(revision)"]
    }

    private static let everything = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]

    /// Fetches the commit with its contents.
    func fetch(_ commit: ObjectID) throws(SourceError) {
        if repository.contains(commit) { return }
        // Most servers provide single commits; from others, all references are fetched.
        do throws(SourceError) {
            try fetch(["\(commit):refs/ciso/\(commit)"])
            if has(commit) { return }
        } catch  where error.kind != .rejected {}
        try fetch(Self.everything)
        guard has(commit) else {
            throw SourceError(.missing, "\(url): the repository has no commit \(commit), or does not provide it")
        }
    }

    private func has(_ commit: ObjectID) -> Bool {
        try? repository.refresh()
        return repository.contains(commit)
    }

    private func fetch(_ refspecs: [String]) throws(SourceError) {
        let lock = try Self.lock(path, of: url, deadline)
        defer { lock.unlock() }
        Self.removeLeftovers(in: path)
        var isTooLarge = false
        let result = Result { () throws(SourceError) in
            try requesting { () throws(GitError) in
                try repository.fetch(refspecs, from: address) { [limit, deadline] bytes in
                    isTooLarge = bytes > limit
                    return !isTooLarge && deadline.isPending
                }
            }
        }
        if isTooLarge { throw SourceError(.rejected, "\(url): more than \(limit) bytes to fetch") }
        try result.get()
    }

    private static func lock(
        _ path: String, of url: String, _ deadline: Deadline
    ) throws(SourceError) -> SourceFiles.File {
        let file = try SourceFiles.File("\(path).lock", O_RDWR | O_CREAT, mode: 0o644)
        let isTaken = try file.lock(
            within: deadline.remaining, backoff: ExponentialBackoff(.milliseconds(1), limit: .milliseconds(50)),
            mayContinue: { deadline.isPending })
        guard isTaken else {
            throw SourceError(.system, "\(url): another process has been fetching it for too long")
        }
        return file
    }

    /// Removes files of killed processes: git's locks, and incomplete packs. No other process writes there while our
    /// lock is held.
    private static func removeLeftovers(in path: String) {
        let directory = "\(path)/objects/pack"
        for name in System.names(in: directory) where !name.hasPrefix("pack-") { unlink("\(directory)/\(name)") }
        for name in System.names(in: path) where name.hasSuffix(".lock") { unlink("\(path)/\(name)") }
        let references = FileManager.default.enumerator(atPath: "\(path)/refs")
        while let name = references?.nextObject() as? String {
            if name.hasSuffix(".lock") { unlink("\(path)/refs/\(name)") }
        }
    }

    /// A local directory is opened first, to report problems with it precisely.
    private func checkLocal(_ path: String) throws(SourceError) {
        do throws(GitError) {
            _ = try GitRepository(opening: path)
        } catch {
            if error.kind == .notFound { throw SourceError(.missing, "\(url): there is no git repository") }
            throw SourceError(SourceError.Kind(error, absence: .missing), error.description, hint: error.hint)
        }
    }

    /// The reason why a fetch from a local repository failed, which is never the fault of a package.
    private func localFailure(_ error: GitError, _ path: String) -> SourceError {
        guard error.kind == .notFound, let git = try? GitRepository(opening: path) else {
            return SourceError(
                SourceError.Kind(error, absence: .damaged), "\(url): cannot \(error.operation): \(error.detail)")
        }
        let missing = git.missing(error.operation)
        return SourceError(.system, missing.description, hint: missing.hint)
    }

    /// Runs `body` unless the deadline has passed, and converts its errors.
    private func requesting<Value>(_ body: () throws(GitError) -> Value) throws(SourceError) -> Value {
        if case .path(let path) = address { try checkLocal(path) }
        guard deadline.isPending else { throw SourceError.late(url) }
        do throws(GitError) {
            return try body()
        } catch {
            if case .path(let path) = address { throw localFailure(error, path) }
            throw SourceError(
                SourceError.Kind(error, absence: .missing), "\(url): cannot \(error.operation): \(error.detail)")
        }
    }
}
