public import Core
internal import Glibc
internal import System

/// The failure of an operation on a git repository.
public struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failures.
    public enum Kind: Hashable, Sendable {
        /// The repository, object, path or reference does not exist.
        case notFound
        /// A reference to be created already exists.
        case exists
        /// An abbreviated name matches more than one object.
        case ambiguous
        /// A name that git does not allow.
        case invalidName
        /// A reference had another value than expected.
        case modified
        /// Another process holds a lock file.
        case locked
        /// The repository belongs to another user.
        case owner
        /// The repository exists, but has an unsupported format or parts that are missing.
        case unusable
        /// The object is missing because the clone was made without some objects.
        case incomplete
        /// An object or a file of the repository is damaged.
        case corrupted
        /// The disk or the quota is full.
        case noSpace
        /// A remote repository cannot be reached, or the connection ended early.
        case network
        /// A system call failed, with its error number.
        case system(Int32)
        /// Anything else, by libgit2's number.
        case other(Int32)
    }

    /// The kind of the error, for callers.
    public let kind: Kind
    /// The operation and its object: "read blob 1234…".
    public let operation: String
    /// The reason, in plain words.
    public internal(set) var detail: String
    /// The message of libgit2 behind the error, for the log; empty for this program's own errors.
    package internal(set) var libraryMessage: String
    /// The directory of the repository.
    public let repository: String
    /// A suggestion for the user; nil for the default of the kind.
    public let hint: String?

    package init(
        kind: Kind, operation: String, detail: String, repository: String, hint: String? = nil,
        libraryMessage: String = ""
    ) {
        self.hint = hint
        self.libraryMessage = libraryMessage
        self.kind = kind
        self.operation = operation
        self.detail = detail
        self.repository = repository
    }

    /// The error of a failed system call, by its number.
    static func system(_ operation: String, _ repository: String, _ number: Int32) -> GitError {
        GitError(
            kind: number == ENOSPC || number == EDQUOT ? .noSpace : .system(number), operation: operation,
            detail: errorText(number), repository: repository)
    }

    public var description: String {
        "git repository '\(repository)': cannot \(operation): \(detail)"
    }
}

extension GitError: ClassifiedError {
    public var category: ErrorCategory {
        switch kind {
        case .notFound, .ambiguous, .invalidName, .owner, .unusable, .incomplete: .input
        case .exists, .modified, .locked, .corrupted, .noSpace, .network, .system, .other: .unavailable
        }
    }

    public var diagnostics: [Diagnostic] { [Diagnostic(.error, description, hint: hint ?? defaultHint)] }

    private var defaultHint: String? {
        switch kind {
        case .exists, .modified, .locked: "try again"
        case .corrupted: "`git -C '\(repository)' fsck` lists what else is damaged"
        case .notFound, .ambiguous, .invalidName, .owner, .unusable, .incomplete, .noSpace, .network, .system, .other:
            nil
        }
    }
}

extension GitError {
    /// The same error as damage of the repository.
    func asDamage(hint: String?) -> GitError {
        GitError(
            kind: .corrupted, operation: operation, detail: detail, repository: repository, hint: hint,
            libraryMessage: libraryMessage)
    }

    /// The error for a branch without commits.
    func withoutCommits(_ revision: String) -> GitError {
        GitError(
            kind: .notFound, operation: operation, detail: "'\(revision)' has no commit yet", repository: repository,
            hint: "only committed files are read: commit first")
    }
}

typealias Files = FileSystem<SystemError>

/// Runs `body`, and converts an error about a file in a repository's directory into one about the repository.
func inRepository<Value>(
    _ directory: String, _ body: () throws(SystemError) -> Value
) throws(GitError) -> Value {
    do throws(SystemError) {
        return try body()
    } catch {
        throw .system("\(error.operation) '\(error.path)'", directory, error.code)
    }
}
