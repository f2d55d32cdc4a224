public import Core
internal import Glibc

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
        /// A lock file of somebody else is in the way.
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

    public let kind: Kind
    /// What was being done, and to what: "read blob 1234…".
    public let operation: String
    /// libgit2's own words.
    public let detail: String
    /// The folder of the repository.
    public let repository: String
    /// What the user can do about it; nil: what goes with the kind.
    public let hint: String?

    package init(kind: Kind, operation: String, detail: String, repository: String, hint: String? = nil) {
        self.hint = hint
        self.kind = kind
        self.operation = operation
        self.detail = detail
        self.repository = repository
    }

    /// An error of the operating system, by its number.
    static func system(_ operation: String, _ repository: String, _ number: Int32) -> GitError {
        GitError(
            kind: number == ENOSPC || number == EDQUOT ? .noSpace : .system(number), operation: operation,
            detail: String(cString: strerror(number)), repository: repository)
    }

    public var description: String {
        "git repository '\(repository)': cannot \(operation): \(detail)"
    }
}

extension GitError: FailureConvertible {
    public var failure: Failure {
        switch kind {
        case .notFound, .ambiguous, .invalidName, .owner, .unusable, .incomplete:
            Failure(.input, description, hint: hint)
        case .exists, .modified, .locked: Failure(.infrastructure, description, hint: hint ?? "try again")
        case .corrupted:
            Failure(
                .infrastructure, description,
                hint: hint ?? "`git -C '\(repository)' fsck` tells what else is damaged")
        case .noSpace, .network, .system, .other: Failure(.infrastructure, description, hint: hint)
        }
    }
}

extension GitError {
    /// The same error as one of a damaged repository.
    func asDamage(hint: String?) -> GitError {
        GitError(kind: .corrupted, operation: operation, detail: detail, repository: repository, hint: hint)
    }

    /// The error for a branch that has no commit yet.
    func withoutCommits(_ revision: String) -> GitError {
        GitError(
            kind: .notFound, operation: operation, detail: "'\(revision)' has no commit yet", repository: repository,
            hint: "only what is committed is read: commit first")
    }
}
