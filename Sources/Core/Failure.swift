internal import Foundation
internal import System

/// The reason why an operation cannot be completed: one or more diagnostics and a category.
public struct Failure: ClassifiedError, Sendable, CustomStringConvertible {
    /// The category: who can fix the failure.
    public var category: ErrorCategory
    /// The messages, at least one.
    public var diagnostics: [Diagnostic]

    public init(_ category: ErrorCategory, _ diagnostics: [Diagnostic]) {
        self.category = category
        self.diagnostics = diagnostics
    }

    /// Creates a failure with a single diagnostic.
    public init(
        _ category: ErrorCategory, _ message: String, at location: SourceLocation? = nil, excerpt: String? = nil,
        hint: String? = nil
    ) {
        self.init(category, [Diagnostic(.error, message, at: location, excerpt: excerpt, hint: hint)])
    }

    /// The diagnostics, separated by line feeds.
    public var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}

extension Failure {
    /// Converts an error of any type.
    ///
    /// Classified errors keep their category. Errors of the operating system and of Foundation are `unavailable`, and
    /// so are stored documents that cannot be decoded, since this program wrote them. Any other error is unexpected and
    /// therefore a `bug`.
    public init(describing error: any Error) {
        switch error {
        case let error as any ClassifiedError: self = error.failure
        case let error as DecodingError:
            self.init(
                .unavailable, "a stored document cannot be read: \(error.explanation())",
                hint: "'ci store verify' finds damage; cached files can be deleted safely")
        case let error where systemReason(of: error) != nil:
            let reason = systemReason(of: error) ?? ""
            self.init(.unavailable, Self.path(of: error).map { "cannot use '\($0)': \(reason)" } ?? reason)
        default:
            self.init(.bug, "\(error)", hint: "this should not happen: please report it with the command")
        }
    }

    private static func path(of error: any Error) -> String? {
        let values = (error as NSError).userInfo
        return values[NSFilePathErrorKey] as? String ?? (values[NSURLErrorKey] as? URL)?.path
    }
}

/// The reason of an error of the operating system or Foundation, in the operating system's words and without the file
/// name: "No space left on device". Nil for other errors.
///
/// Foundation's own messages ("The file couldn’t be opened …") are never used.
public func systemReason(of error: any Error) -> String? {
    if let error = error as? POSIXError { return errorText(error.code.rawValue) }
    let error = error as NSError
    guard [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(error.domain) else { return nil }
    if error.domain == NSPOSIXErrorDomain { return errorText(Int32(error.code)) }
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? any Error, let reason = systemReason(of: cause) {
        return reason
    }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: return errorText(ENOENT)
    case .fileReadNoPermission, .fileWriteNoPermission: return errorText(EACCES)
    case .fileWriteFileExists: return errorText(EEXIST)
    case .fileWriteOutOfSpace: return errorText(ENOSPC)
    case .fileWriteVolumeReadOnly: return errorText(EROFS)
    case .fileReadInvalidFileName, .fileWriteInvalidFileName: return "it is not a valid file name"
    case .fileReadTooLarge: return errorText(EFBIG)
    case .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding: return "it is not UTF-8 text"
    case .fileReadCorruptFile, .propertyListReadCorrupt: return "its contents are damaged"
    default: return "error \(error.code) of the file system library"
    }
}
