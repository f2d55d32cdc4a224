package import Core

/// The reason why a request failed without a response.
package struct HTTPError: ClassifiedError, Hashable, CustomStringConvertible {
    /// The kinds of errors.
    package enum Kind: String, Sendable {
        /// The URL is malformed, or its scheme is not allowed.
        case address
        /// No connection: the host name is unknown, or no server listens there.
        case unreachable
        /// The server exceeded a time limit.
        case timedOut
        /// The connection was closed before the response was complete.
        case interrupted
        /// The server's certificate is not trusted or expired, or the server rejected ours.
        case certificate
        /// A local file with certificates or a key cannot be used.
        case credentials
        /// The body exceeds the limit.
        case tooLarge
        /// More redirections than the limit.
        case redirects
        /// The request was cancelled.
        case cancelled
        /// Another error of the library.
        case other
    }

    /// The kind of the error.
    package var kind: Kind
    /// The requested URL.
    package var url: String
    /// The library's message.
    package var reason: String

    package init(_ kind: Kind, _ url: String, _ reason: String) {
        self.kind = kind
        self.url = url
        self.reason = reason
    }

    package var description: String { "\(url): \(reason)" }

    package var category: ErrorCategory { kind == .address ? .input : .unavailable }

    /// A suggestion for the user.
    package var hint: String? {
        switch kind {
        case .certificate:
            "check both certificates with 'openssl x509 -noout -dates -subject -issuer': the server's must be signed by an "
                + "authority that is trusted here, name the host and not have expired; the client's likewise there"
        case .credentials: "the file must be readable, in PEM form, and the key must be that of the certificate"
        default: nil
        }
    }
}
