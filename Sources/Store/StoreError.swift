public import Core
internal import Git
internal import Glibc
package import System

/// The failure of an operation on the store.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failures.
    public enum Kind: String, Sendable {
        /// There is no store at the given path.
        case noStore
        /// The store is a plain clone, which is read-only.
        case readOnly
        /// The store was written by a newer program.
        case newerSchema
        /// The path, branch or key is invalid.
        case invalidPath
        /// There is a document where a directory is required, or vice versa.
        case notADirectory
        /// The write is outside the prefixes that the writer declared.
        case outsidePrefix
        /// The document, commit, log or object does not exist.
        case notFound
        /// The document does not contain a value of the requested type.
        case invalidValue
        /// Another process holds a lock longer than the timeout.
        case locked
        /// A part of the store is damaged.
        case corrupted
        /// A change cannot be undone because later changes build on it.
        case dependedUpon
        /// The disk is full, read-only or failing.
        case system
    }

    /// The kind of the error, for callers.
    public let kind: Kind
    /// The message, which names the object and the problem.
    public let message: String
    /// A suggestion for the user; nil if there is none.
    public let hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }

    /// The error of a failed system call on a file of the store.
    package static func system(_ operation: String, _ path: String, _ number: Int32) -> StoreError {
        StoreError(SystemError(operation, path, number))
    }
}

/// File operations with the store's errors.
typealias Files = FileSystem<StoreError>
typealias File = Files.File

extension StoreError: SystemErrorConvertible {
    package init(_ error: SystemError) {
        let hint: String? =
            switch error.code {
            case ENOSPC, EDQUOT: "free some space (`ci store gc` removes unreferenced data), then try again"
            case EROFS, EACCES, EPERM: "the store must be writable for the user who runs this"
            case EIO: "the disk is failing: copy the store elsewhere, then `ci store verify` the copy"
            default: nil
            }
        self.init(
            .system, "store: cannot \(error.operation) '\(error.path)': \(error.reason)", hint: hint)
    }
}

extension StoreError: ClassifiedError {
    public var category: ErrorCategory {
        switch kind {
        case .noStore, .readOnly, .newerSchema, .invalidPath, .notFound, .dependedUpon, .invalidValue, .notADirectory:
            .input
        case .locked, .corrupted, .system: .unavailable
        case .outsidePrefix: .bug
        }
    }

    public var diagnostics: [Diagnostic] { [Diagnostic(.error, message, hint: hint)] }
}

/// Two transactions changed the same document, or one changed what the other had read, and they cannot be merged.
public struct Conflict: Error, Sendable, Hashable, CustomStringConvertible {
    /// The branch that both transactions changed.
    public let branch: Branch
    /// The document with the conflicting changes.
    public let path: StorePath
    /// The document before the transaction, after it, and in the current state; nil if absent.
    public let base: [UInt8]?
    /// The document as written by the failed transaction.
    public let ours: [UInt8]?
    /// The current document.
    public let theirs: [UInt8]?
    /// False if the transaction only read the document; `ours` equals `base` then.
    public let isWrite: Bool
    /// The number of attempts.
    public var attempts: Int

    public var description: String {
        "\(branch): '\(path)' was changed by another writer while this transaction \(isWrite ? "changed" : "read") it"
            + " (tried \(attempts) times)"
    }
}

extension Conflict: ClassifiedError {
    public var category: ErrorCategory { .unavailable }

    /// A suggestion for the user.
    public var hint: String? { "try again; `ci store log` shows who else writes there" }
}

/// A branch of the store: `refs/heads/NAME`.
public struct Branch: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name below `refs/heads/`.
    public let name: String

    /// - Throws: `StoreError` of kind `invalidPath` if the name is not allowed by git.
    public init(_ name: String) throws(StoreError) {
        guard GitRepository.isValid(referenceName: "refs/heads/\(name)"), !name.hasPrefix("-") else {
            throw StoreError(.invalidPath, "'\(name)' is not a valid branch name")
        }
        self.name = name
    }

    /// The full name of its reference.
    public var reference: String { "refs/heads/\(name)" }

    public var description: String { name }

    public static func < (left: Self, right: Self) -> Bool { left.name < right.name }
}
