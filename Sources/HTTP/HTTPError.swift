package import Core

/// Why a server's answer could not be had.
package struct HTTPError: ClassifiedError, Hashable, CustomStringConvertible {
    /// What callers may want to tell apart.
    package enum Kind: String, Sendable {
        /// The address is malformed, or its scheme is not allowed.
        case address
        /// No connection: the host's name is unknown, or nothing listens there.
        case unreachable
        /// The server took too long.
        case late
        /// The connection broke before the answer was complete.
        case interrupted
        /// The server's certificate is not trusted or expired, or the server refused ours.
        case certificate
        /// A file of this machine with certificates or a key cannot be used.
        case credentials
        /// The body is larger than the limit.
        case tooLarge
        /// More redirections than allowed.
        case redirects
        /// The request was cancelled.
        case cancelled
        /// The library refused for another reason.
        case other
    }

    /// What happened.
    package var kind: Kind
    /// The address that was asked.
    package var url: String
    /// The library's words.
    package var reason: String

    package init(_ kind: Kind, _ url: String, _ reason: String) {
        self.kind = kind
        self.url = url
        self.reason = reason
    }

    package var description: String { "\(url): \(reason)" }

    package var category: ErrorCategory { kind == .address ? .input : .unavailable }

    /// What the user can do about it.
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
