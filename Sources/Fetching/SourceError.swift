internal import Archive
package import Core
internal import Git
package import System

/// Why a source cannot be provided.
package struct SourceError: ClassifiedError, Hashable, CustomStringConvertible {
    /// Why the source cannot be provided.
    package enum Kind: Hashable, Sendable {
        /// A file was found that is not the one the opam file describes, or nothing describes it. The package's fault.
        case rejected
        /// The server reports that it has no such file.
        case missing
        /// No server could be reached.
        case network
        /// This machine could not read, write or lock a file of its own: a full disk, missing permissions.
        case system
        /// A repository on this machine belongs to another user.
        case foreign
        /// A copy in the runner's own cache cannot be read.
        case damaged
        /// A source without a fixed version changed since the plan was made, or was not known then.
        case moved
    }

    /// Why the source cannot be provided.
    package var kind: Kind
    package var description: String
    /// What the user can do about it.
    package var hint: String?

    package init(_ kind: Kind, _ description: String, hint: String? = nil) {
        self.kind = kind
        self.description = description
        self.hint = hint
    }

    /// The error where a repository takes longer than the limit on time.
    static func late(_ url: String) -> SourceError {
        SourceError(.network, "\(url): no answer in time")
    }

    /// `input` where the opam file or what it names is wrong, else `unavailable`.
    package var category: ErrorCategory {
        switch kind {
        case .rejected, .missing: .input
        case .network, .system, .foreign, .damaged, .moved: .unavailable
        }
    }
}

extension SourceError.Kind {
    /// The kind for an error of git while reading another repository into a copy on this machine.
    ///
    /// - Parameter absence: what it means that the other repository lacks what was asked for.
    init(_ error: GitError, absence: SourceError.Kind) {
        self =
            switch error.kind {
            case .notFound: absence
            case .owner: .foreign
            case .noSpace, .system, .locked, .exists, .modified: .system
            case .network: .network
            case .corrupted, .incomplete, .unusable, .ambiguous, .invalidName, .other: .damaged
            }
    }

    /// The kind for an error while packing what a package names.
    init(_ error: ArchiveError) {
        self = error.code == .system ? .system : .rejected
    }
}

/// Files of caches, with the errors of sources.
typealias SourceFiles = FileSystem<SourceError>

extension SourceError: SystemErrorConvertible {
    package init(_ error: SystemError) { self.init(.system, error.description) }
}
