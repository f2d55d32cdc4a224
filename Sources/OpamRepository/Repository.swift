package import Core
package import Git
internal import Logging

/// A repository of opam packages in one state: a git commit, or a plain directory.
///
/// Packages are in `packages/NAME/NAME.VERSION/opam` or `packages/NAME.VERSION/opam`. Of a git repository only
/// committed files are read.
package struct Repository: Sendable {
    /// The location as given: `DIR` or `DIR@REV`.
    package let location: String
    /// The path of the directory or of the git repository.
    package let path: String
    /// The commit; nil for a plain directory.
    package let commit: ObjectID?
    private let tree: ObjectID?

    /// Opens a repository.
    ///
    /// - Parameter location: `DIR`, or `DIR@REV` for a revision of git other than `HEAD`.
    /// - Throws: A failure of kind `input` if there is no such directory, repository or revision.
    package init(_ location: String) throws(Failure) {
        let (path, revision) = try Self.split(location)
        try self.init(path: path, revision: revision)
    }

    /// Opens a repository by its path, in which `@` has no meaning.
    ///
    /// - Parameter revision: A revision of git; nil for `HEAD`.
    /// - Throws: A failure of kind `input` if there is no such directory, repository or revision.
    package init(path: String, revision: String?) throws(Failure) {
        guard DirectoryTree(path).isPresent else { throw Self.missing(path) }
        location = revision.map { "\(path)@\($0)" } ?? path
        self.path = path
        guard let git = try Self.openGit(path, revision: revision) else {
            commit = nil
            tree = nil
            logger.debug("opened a repository that is a plain directory", metadata: ["path": "\(path)"])
            return
        }
        do {
            let commit = try git.resolve(commit: revision ?? "HEAD")
            tree = try git.commit(commit).tree
            self.commit = commit
            logger.debug("opened a repository", metadata: ["location": "\(location)", "commit": "\(commit)"])
        } catch let error as GitError {
            throw error.failure
        } catch {
            throw Failure(.unavailable, "\(location): \(error)")
        }
    }

    /// The same repository at another commit.
    ///
    /// - Throws: A failure of kind `input` if it is a plain directory or has no such commit.
    package func at(_ revision: String) throws(Failure) -> Repository {
        try Repository(path: path, revision: revision)
    }

    /// Splits a location into path and revision at the first `@` that follows an existing path.
    private static func split(_ location: String) throws(Failure) -> (path: String, revision: String?) {
        if DirectoryTree(location).isPresent { return (location, nil) }
        var rest = location[...]
        while let at = rest.firstIndex(of: "@") {
            let path = String(location[..<at])
            if DirectoryTree(path).isPresent { return (path, String(location[location.index(after: at)...])) }
            rest = location[location.index(after: at)...]
        }
        throw missing(location)
    }

    private static func missing(_ location: String) -> Failure {
        Failure(
            .input, "there is no repository '\(location)'",
            hint: location.hasPrefix("~")
                ? "'~' is not expanded here: write the path in full"
                : "give the path of a directory or of a git repository, or PATH@REVISION")
    }

    /// The git repository at the path; nil for a plain directory.
    private static func openGit(_ path: String, revision: String?) throws(Failure) -> GitRepository? {
        do {
            return try GitRepository(opening: path)
        } catch  where error.kind == .notFound {
            guard let revision else { return nil }
            throw Failure(
                .input, "'\(path)' is a plain directory and has no revision '\(revision)'",
                hint: "leave out '@\(revision)', or give a git repository")
        } catch {
            throw error.failure
        }
    }

    /// Opens the files for use by the calling thread.
    ///
    /// - Parameter prefix: The prefix of paths in messages, if not `locationPrefix`.
    func openTree(prefix: String? = nil) throws(Failure) -> any FileTree {
        guard let tree else { return DirectoryTree(path, prefix: prefix) }
        return try CommitTree(opening: path, tree: tree, prefix: prefix ?? locationPrefix)
    }

    /// The prefix of paths in messages.
    var locationPrefix: String { tree == nil ? "\(path)/" : "\(location):" }
}
