public import Core
internal import Glibc
internal import System

/// Why something could not be done with a git repository.
public struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a caller may want to tell apart.
    public enum Kind: Hashable, Sendable {
        /// No such repository, object, path or reference.
        case notFound
        /// A reference that was to be made is there already.
        case exists
        /// A short name means more than one object.
        case ambiguous
        /// A name that git does not allow.
        case invalidName
        /// A reference had another value than expected.
        case modified
        /// A lock file of another process is in the way.
        case locked
        /// The repository belongs to another user.
        case owner
        /// A repository is there, and is of a kind that cannot be read, or its parts are elsewhere.
        case unusable
        /// An object is not in this clone, which was made without some of the objects.
        case incomplete
        /// An object or a file of the repository is damaged.
        case corrupted
        /// The disk or the quota is full.
        case noSpace
        /// Another machine could not be asked, or did not answer to the end.
        case network
        /// The operating system refused, by its error number.
        case system(Int32)
        /// Anything else, by libgit2's number.
        case other(Int32)
    }

    /// The kind of the error, for callers.
    public let kind: Kind
    /// What was being done, and to what: "read blob 1234…".
    public let operation: String
    /// The reason, in plain words.
    public internal(set) var detail: String
    /// The sentence of libgit2 behind the error, for the log; empty if the error is this program's own.
    package internal(set) var sentence: String
    /// The folder of the repository.
    public let repository: String
    /// What the user can do about it; nil: the hint of the kind.
    public let hint: String?

    package init(
        kind: Kind, operation: String, detail: String, repository: String, hint: String? = nil, sentence: String = ""
    ) {
        self.hint = hint
        self.sentence = sentence
        self.kind = kind
        self.operation = operation
        self.detail = detail
        self.repository = repository
    }

    /// An error of the operating system, by its number.
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
    /// The same error as one of a damaged repository.
    func asDamage(hint: String?) -> GitError {
        GitError(
            kind: .corrupted, operation: operation, detail: detail, repository: repository, hint: hint,
            sentence: sentence)
    }

    /// The error for a branch that has no commit yet.
    func withoutCommits(_ revision: String) -> GitError {
        GitError(
            kind: .notFound, operation: operation, detail: "'\(revision)' has no commit yet", repository: repository,
            hint: "only what is committed is read: commit first")
    }
}

typealias Files = FileSystem<SystemError>

/// Turns an error of `body`'s about a file in the folder of a repository into one about the repository.
func inRepository<Value>(
    _ directory: String, _ body: () throws(SystemError) -> Value
) throws(GitError) -> Value {
    do throws(SystemError) {
        return try body()
    } catch {
        throw .system("\(error.operation) '\(error.path)'", directory, error.code)
    }
}
