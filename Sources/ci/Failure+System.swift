internal import Core
internal import Fetching
internal import Foundation

extension Failure {
    /// What an error of the system, or of data that was written by this program, means to the user; nil for others.
    init?(ofSystem error: any Error) {
        switch error {
        case let diagnostic as Diagnostic: self.init(.input, [diagnostic])
        case let error as SourceError: self.init(.infrastructure, error.description)
        case let error as POSIXError:
            self.init(.infrastructure, "the system refuses: \(String(cString: strerror(error.code.rawValue)))")
        case let error as CocoaError: self.init(userInfo: error.userInfo, otherwise: error.localizedDescription)
        case let error as Swift.DecodingError:
            self.init(
                .infrastructure, "a stored document cannot be read: \(Self.words(error))",
                hint: "'ci store verify' looks for damage; what is in the cache may be deleted")
        case let error as NSError where [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(error.domain):
            self.init(userInfo: error.userInfo, otherwise: error.localizedDescription)
        default: return nil
        }
    }

    /// An error of Foundation about a file.
    private init(userInfo: [String: Any], otherwise description: String) {
        let path = userInfo[NSFilePathErrorKey] as? String ?? (userInfo[NSURLErrorKey] as? URL)?.path
        let cause = userInfo[NSUnderlyingErrorKey] as? POSIXError
        let words = cause.map { String(cString: strerror($0.code.rawValue)) } ?? description
        self.init(.infrastructure, path.map { "cannot use '\($0)': \(words)" } ?? words)
    }

    private static func words(_ error: Swift.DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let place = context.codingPath.map(\.stringValue).joined(separator: ".")
            return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
