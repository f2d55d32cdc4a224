internal import Glibc
internal import Synchronization

/// Rejects repositories of other users as git does: their configuration could run programs, and their contents are not
/// the user's own.
///
/// libgit2 1.5 does not do this properly: it reports a rejection as a missing repository, and ignores `safe.directory =
/// *`.
enum RepositoryOwnership {
    /// The reason why a repository must not be opened; nil if it may be.
    static func refusal(of layout: RepositoryLayout) -> GitError? {
        guard let directory = layout.directory else { return nil }
        let parts = [layout.workTree, layout.gitFile, directory].compactMap { $0 }
        guard
            let (part, owner) = parts.lazy.compactMap({ part in owner(of: part).map { (part, $0) } })
                .first(where: { !isTrusted($0.1) })
        else { return nil }
        let path = layout.workTree ?? directory
        let environment = GitEnvironment.current
        if isListed(path, in: environment.safeDirectories(configured: configured(environment))) { return nil }
        let name = userName(owner)
        return GitError(
            kind: .owner, operation: "open it",
            detail: "'\(part)' is owned by user \(name), and this is user \(userName(geteuid()))", repository: path,
            hint: "if you trust it: git config --global --add safe.directory '\(path)'"
                + "; or run this as \(name), or take ownership of the files with chown -R")
    }

    private static func owner(of path: String) -> uid_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_uid : nil
    }

    /// As in git: the user's own files; for root under sudo also those of the user who invoked it.
    private static func isTrusted(_ owner: uid_t) -> Bool {
        owner == geteuid() || geteuid() == 0 && GitEnvironment.current.callingUser == owner
    }

    private static func configured(_ environment: GitEnvironment) -> [String] {
        let files = environment.files(GitRepository.configurationFiles())
        return GitRepository.configuredValues(of: "safe.directory", inFiles: files)
    }

    /// Whether a list of `safe.directory` allows a path: an empty value resets the list, `*` allows everything, and
    /// `DIR/*` everything below a directory.
    static func isListed(_ path: String, in list: [String]) -> Bool {
        var isListed = false
        for value in list {
            if value.isEmpty {
                isListed = false
            } else if value == "*" {
                isListed = true
            } else if value.hasSuffix("/*") {
                isListed =
                    isListed || path.hasPrefix(RepositoryLayout.absolute(expanded(String(value.dropLast(2)))) + "/")
            } else {
                let listed = expanded(value)
                isListed = isListed || listed == path || RepositoryLayout.absolute(listed) == path
            }
        }
        return isListed
    }

    /// Replaces `~/` by the user's home directory.
    private static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getpwuid(geteuid())?.pointee.pw_dir else { return path }
        return (GitEnvironment.current.home ?? String(cString: home)) + path.dropFirst(1)
    }

    private static func userName(_ user: uid_t) -> String {
        getpwuid(user)?.pointee.pw_name.map { "'\(String(cString: $0))'" } ?? "\(user)"
    }
}
