public import Core

/// The reason why an archive could not be written, read or unpacked.
public struct ArchiveError: ClassifiedError, Hashable, Sendable {
    /// The kinds of errors.
    public enum Code: String, Sendable {
        /// An absolute path, a `..`, an empty name, or a byte that is not allowed in names.
        case unsafePath
        /// A link whose target is outside of the unpacked tree.
        case linkOutside
        /// A device, a FIFO or a socket.
        case specialFile
        /// More members than the limit.
        case tooManyEntries
        /// More bytes than the limit, after decompression.
        case tooManyBytes
        /// A path with more components than the limit.
        case tooDeep
        /// Not an archive, or one that is truncated or inconsistent.
        case damaged
        /// There is no member with that name.
        case noSuchMember
        /// A system call failed.
        case system
    }

    /// The kind of the error.
    public var code: Code
    /// The archive or directory of the operation.
    public var archive: String
    /// The member, if any.
    public var member: String?
    /// What was found, and what was expected.
    public var detail: String

    public init(_ code: Code, archive: String, member: String? = nil, detail: String) {
        self.code = code
        self.archive = archive
        self.member = member
        self.detail = detail
    }

    /// The same error with another name of the archive, for messages.
    package func renamed(_ archive: String) -> ArchiveError {
        ArchiveError(code, archive: archive, member: member, detail: detail)
    }

    /// `input` for problems of the archive or the directory, `unavailable` if a system call failed.
    public var category: ErrorCategory { code == .system ? .unavailable : .input }
}

extension ArchiveError: CustomStringConvertible {
    public var description: String {
        if let member { "\(archive): member '\(member)': \(detail)" } else { "\(archive): \(detail)" }
    }
}
