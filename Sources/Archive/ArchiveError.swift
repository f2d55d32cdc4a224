public import Core

/// Why an archive could not be written, read or unpacked.
public struct ArchiveError: ClassifiedError, Hashable, Sendable {
    /// What is wrong, for programs.
    public enum Code: String, Sendable {
        /// An absolute path, a `..`, an empty name, or a byte that no name may hold.
        case unsafePath
        /// A link whose target is outside of what is unpacked.
        case linkOutside
        /// A device, a FIFO or a socket.
        case specialFile
        /// More members than allowed.
        case tooManyEntries
        /// More bytes than allowed, after decompression.
        case tooManyBytes
        /// A path with more components than allowed.
        case tooDeep
        /// Not an archive, or one that ends early or contradicts itself.
        case damaged
        /// There is no member of that name.
        case noSuchMember
        /// The operating system refused.
        case system
    }

    /// What is wrong.
    public var code: Code
    /// The archive or the directory that was worked on.
    public var archive: String
    /// The member concerned, if any.
    public var member: String?
    /// What was found, and what was expected.
    public var detail: String

    public init(_ code: Code, archive: String, member: String? = nil, detail: String) {
        self.code = code
        self.archive = archive
        self.member = member
        self.detail = detail
    }

    /// `input` for what is wrong in the archive or the directory, `unavailable` where the operating system refused.
    public var category: ErrorCategory { code == .system ? .unavailable : .input }
}

extension ArchiveError: CustomStringConvertible {
    public var description: String {
        if let member { "\(archive): member '\(member)': \(detail)" } else { "\(archive): \(detail)" }
    }
}
