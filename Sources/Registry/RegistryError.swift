package import Core

/// A failure of a request to a registry.
package typealias RegistryError = ServiceError<RegistryErrorKind>

/// The kinds of failures of a registry.
package enum RegistryErrorKind: String, ServiceErrorKind {
    /// No connection, or the connection broke.
    case unreachable
    /// The registry is overloaded, out of disk space, or temporarily unavailable for another reason.
    case busy
    /// The registry answers only a limited number of requests in a time.
    case limited
    /// A certificate is not trusted by ciso or by the registry.
    case certificate
    /// A file with a certificate or a key cannot be used.
    case credentials
    /// The user or the password is wrong or missing.
    case authentication
    /// The registry demands a kind of authentication that ciso does not support.
    case scheme
    /// The user lacks the permission.
    case denied
    /// The blob, manifest or repository does not exist.
    case absent
    /// The registry is configured not to do this: it is read-only, or does not delete.
    case forbidden
    /// The content does not match its digest.
    case damaged
    /// Any other error.
    case refused

    /// The service in messages.
    package static let service = "registry"

    /// What the user can do about it.
    package var hint: String? {
        switch self {
        case .unreachable:
            "check that the registry runs and that 'blobs' has its address, with 'https://' if it uses TLS"
        case .busy: "check the registry's log; its disk may be full"
        case .limited: "wait, or let fewer machines use the registry; it may allow more to users that log in"
        case .certificate:
            "check dates and issuers of both certificates with 'openssl x509 -noout -dates -subject -issuer', and that the "
                + "server uses TLS"
        case .credentials: "the files must be readable, in PEM form, and the key must be that of the certificate"
        case .authentication, .denied:
            "'skopeo login --authfile FILE HOST' writes a file for 'registry-credentials'; the user must be allowed to push"
        case .scheme: "ciso supports passwords (Basic) and tokens (Bearer) from a server with TLS"
        case .forbidden:
            "the registry is read-only, or keeps what it has: 'storage.maintenance.readonly' and 'storage.delete' of "
                + "docker-registry"
        case .absent: "check the registry's address, and the name of the repository in it"
        case .damaged, .refused: nil
        }
    }
}

extension RegistryError {
    /// Whether the same request may succeed later.
    var isTransient: Bool { kind == .unreachable || kind == .busy || kind == .limited }
}
