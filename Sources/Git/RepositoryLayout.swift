internal import Core
internal import Glibc
internal import System

/// The parts of a git repository at a path, determined without opening it.
struct RepositoryLayout {
    /// The absolute path.
    let path: String
    /// The directory that contains `.git`; nil for a bare repository, or if the path is a `.git`.
    let workTree: String?
    /// The `.git` if it is a file, as in a linked work tree or a submodule.
    let gitFile: String?
    /// The directory of the repository's own files, existing or not; nil if nothing looks like a repository.
    let directory: String?
    /// The problem with a `.git` file or link.
    private let problem: String?
    private let given: String

    init(_ given: String) {
        self.given = given
        path = Self.absolute(given)
        let dotGit = "\(path)/.git"
        switch Self.kind(of: dotGit) {
        case nil:
            workTree = nil
            if Self.kind(of: path) == .file {
                gitFile = path
                (directory, problem) = Self.target(of: path)
            } else {
                gitFile = nil
                directory = Self.looksBare(path) ? path : nil
                problem = nil
            }
        case .file:
            workTree = path
            gitFile = dotGit
            (directory, problem) = Self.target(of: dotGit)
        case .directory:
            workTree = path
            gitFile = nil
            directory = dotGit
            problem = nil
        case .danglingLink:
            workTree = path
            gitFile = nil
            directory = dotGit
            problem = "its .git is a broken symbolic link"
        }
    }

    // MARK: Errors

    /// Explains from these parts why a repository could not be opened.
    func explain(_ error: GitError) -> GitError {
        if let problem {
            return refusal(
                .unusable, problem, hint: "repair it with `git worktree repair` in the main repository, \(plain)")
        }
        guard let directory else { return error }
        if access(directory, R_OK | X_OK) != 0, errno != ENOENT {
            return GitError.system("read '\(directory)'", given, errno)
        }
        if let format = Self.unknownFormat(in: error.libraryMessage) {
            return refusal(.unusable, format.detail, hint: "\(format.hint)\(workTree == nil ? "" : ", \(plain)")")
        }
        guard error.kind == .notFound else { return error.asDamage(hint: repairHint) }
        let missing = [("HEAD", directory), ("objects", common), ("refs", common)]
            .filter { Self.kind(of: "\($0.1)/\($0.0)") == nil }.map(\.0)
        let detail =
            missing.isEmpty
            ? "'\(directory)' is not a valid repository"
            : "'\(directory)' is damaged: it has no \(missing.joined(separator: ", no "))"
        return refusal(.corrupted, detail, hint: repairHint)
    }

    /// The directory of objects and references: for a linked work tree, that of its main repository.
    private var common: String {
        guard let directory, let bytes = System.bytes(of: "\(directory)/commondir") else { return directory ?? path }
        let target = String(decoding: bytes.prefix(4096), as: UTF8.self).prefix { !$0.isNewline }
        return target.isAbsolutePath ? String(target) : "\(directory)/\(target)"
    }

    private var plain: String { "or remove '\(gitFile ?? "\(path)/.git")' to read it as a plain directory" }

    private var repairHint: String {
        workTree == nil ? "clone it again" : "clone it again, \(plain)"
    }

    private func refusal(_ kind: GitError.Kind, _ detail: String, hint: String) -> GitError {
        GitError(kind: kind, operation: "open it", detail: detail, repository: path, hint: hint)
    }

    /// The message and hint for a format that libgit2 does not support.
    private static func unknownFormat(in detail: String) -> (detail: String, hint: String)? {
        let lowered = detail.lowercased()
        if lowered.contains("extensions.objectformat") {
            return (
                "its objects have SHA-256 names (extensions.objectFormat), which cannot be read",
                "use a repository with SHA-1 names: clone one that was created without --object-format=sha256"
            )
        }
        if lowered.contains("extensions.refstorage") {
            return (
                "its references are in a reftable (extensions.refStorage), which cannot be read",
                "convert them to files: git refs migrate --ref-format=files"
            )
        }
        if lowered.contains("unsupported extension") || lowered.contains("unsupported repository version") {
            return ("it needs a newer git (\(detail))", "clone it in git's default format")
        }
        return nil
    }

    // MARK: Examining the file system

    private enum Kind {
        case file, directory, danglingLink
    }

    /// Nil if the path does not exist.
    private static func kind(of path: String) -> Kind? {
        var status = Glibc.stat()
        if stat(path, &status) == 0 {
            return status.st_mode & mode_t(S_IFMT) == mode_t(Glibc.S_IFDIR) ? .directory : .file
        }
        if lstat(path, &status) == 0 { return .danglingLink }
        // A directory without permission hides its contents.
        return nil
    }

    /// Whether it looks like a bare repository, complete or not: a plain directory does not have two of these parts.
    private static func looksBare(_ path: String) -> Bool {
        let head = System.bytes(of: "\(path)/HEAD") ?? []
        let isHead = head.starts(with: Array("ref:".utf8)) || ObjectID(hex: head.prefix(40)) != nil
        let (objects, refs) = (kind(of: "\(path)/objects") == .directory, kind(of: "\(path)/refs") == .directory)
        return objects && refs || isHead && (objects || refs)
    }

    /// The target of a `.git` file, and the problem with it.
    private static func target(of file: String) -> (directory: String?, problem: String?) {
        guard let bytes = System.bytes(of: file), bytes.starts(with: Array("gitdir:".utf8)) else {
            return (file, "'\(file)' does not name a repository")
        }
        var text = String(decoding: bytes.prefix(4096), as: UTF8.self).dropFirst("gitdir:".count)
        text = text.drop { $0 == " " }.prefix { !$0.isNewline }
        let target = text.isAbsolutePath ? String(text) : "\(file.pathPrefix)\(text)"
        guard kind(of: target) == .directory else {
            return (target, "'\(file)' names the repository '\(target)', which does not exist")
        }
        return (target, nil)
    }

    /// The absolute path, with links resolved if it exists.
    static func absolute(_ path: String) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return "\(String(cString: here))/\(path)"
    }
}
