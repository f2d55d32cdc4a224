public import Core
internal import Git
internal import Glibc
package import System

/// Why the store could not do what was asked.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failures.
    public enum Kind: String, Sendable {
        /// No store is at the place that was named.
        case noStore
        /// A plain clone of a store, which is only read.
        case readOnly
        /// The store was written by a newer program.
        case newerSchema
        /// A path, a branch or a key that is not allowed.
        case invalidPath
        /// A document where a directory must be, or the other way round.
        case notADirectory
        /// A write outside the prefixes that the writer declared.
        case outsidePrefix
        /// The document, commit, log or object that was named is not there.
        case notFound
        /// A document that does not hold the value that was asked for.
        case invalidValue
        /// Another process holds a lock for longer than we wait.
        case locked
        /// Something in the store is damaged.
        case corrupted
        /// A change cannot be undone because later changes build on it.
        case dependedUpon
        /// The disk is full, read-only or failing.
        case system
    }

    /// The kind of the error, for callers.
    public let kind: Kind
    /// Names the object and what was found.
    public let message: String
    /// What the user can do about it; nil if nothing helps.
    public let hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }

    /// An error of the operating system while doing `operation` to a file of the store.
    package static func system(_ operation: String, _ path: String, _ number: Int32) -> StoreError {
        StoreError(SystemError(operation, path, number))
    }
}

/// Files of the store, with the store's errors.
typealias Files = FileSystem<StoreError>
typealias File = Files.File

extension StoreError: SystemErrorConvertible {
    package init(_ error: SystemError) {
        let hint: String? =
            switch error.code {
            case ENOSPC, EDQUOT: "free some space (`ci store gc` drops what nothing references), then try again"
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

/// Two transactions changed the same document, or one changed what the other had read, and no merge settles it.
public struct Conflict: Error, Sendable, Hashable, CustomStringConvertible {
    /// The branch that both transactions changed.
    public let branch: Branch
    /// The document on which they disagree.
    public let path: StorePath
    /// The document before the transaction, after it, and in the current state; nil if absent.
    public let base: [UInt8]?
    /// The document as the failed transaction would have it.
    public let ours: [UInt8]?
    /// The document as it is now.
    public let theirs: [UInt8]?
    /// False where the transaction only read the document, in which case `ours` is `base`.
    public let isWrite: Bool
    /// How often the transaction was tried.
    public var attempts: Int

    public var description: String {
        "\(branch): '\(path)' was changed by another writer while this transaction \(isWrite ? "changed" : "read") it"
            + " (tried \(attempts) times)"
    }
}

extension Conflict: ClassifiedError {
    public var category: ErrorCategory { .unavailable }

    /// What the user can do about it.
    public var hint: String? { "try again; `ci store log` shows who else writes there" }
}

/// A branch of the store: `refs/heads/NAME`.
public struct Branch: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name below `refs/heads/`.
    public let name: String

    /// - Throws: `StoreError` of kind `invalidPath` where git does not allow the name.
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
