internal import Archive
package import Core
internal import Git
package import System

/// The reason why a source cannot be provided.
package struct SourceError: ClassifiedError, Hashable, CustomStringConvertible {
    /// The kinds of errors.
    package enum Kind: Hashable, Sendable {
        /// The file does not match its checksums, or has none. The package's fault.
        case rejected
        /// The server reports that the file does not exist.
        case missing
        /// No server could be reached.
        case network
        /// A file of this machine could not be read, written or locked: a full disk, missing permissions.
        case system
        /// A repository on this machine belongs to another user.
        case foreign
        /// A copy in the runner's own cache cannot be read.
        case damaged
        /// A source without a fixed version has changed since the plan was made, or was unknown then.
        case moved
    }

    /// The kind of the error.
    package var kind: Kind
    package var description: String
    /// A suggestion for the user.
    package var hint: String?

    package init(_ kind: Kind, _ description: String, hint: String? = nil) {
        self.kind = kind
        self.description = description
        self.hint = hint
    }

    /// The error for a repository that exceeds the time limit.
    static func late(_ url: String) -> SourceError {
        SourceError(.network, "\(url): no answer in time")
    }

    /// `input` if the opam file or the source is wrong, otherwise `unavailable`.
    package var category: ErrorCategory {
        switch kind {
        case .rejected, .missing: .input
        case .network, .system, .foreign, .damaged, .moved: .unavailable
        }
    }
}

extension SourceError.Kind {
    /// The kind for a git error while copying another repository to this machine.
    ///
    /// - Parameter absence: the kind if the other repository lacks the requested object.
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

    /// The kind for an error while packing a local source.
    init(_ error: ArchiveError) {
        self = error.code == .system ? .system : .rejected
    }
}

/// File operations with errors of sources.
typealias SourceFiles = FileSystem<SourceError>

extension SourceError: SystemErrorConvertible {
    package init(_ error: SystemError) { self.init(.system, error.description) }
}
