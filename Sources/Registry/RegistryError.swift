package import Core

/// Why a registry did not do what was asked.
package struct RegistryError: ClassifiedError, Hashable, CustomStringConvertible {
    /// What callers and users may want to tell apart.
    package enum Kind: String, Sendable {
        /// No connection, or one that broke.
        case unreachable
        /// The registry is overloaded, out of disk, or otherwise unable for the moment.
        case busy
        /// A certificate is not accepted, by us or by the registry.
        case certificate
        /// A file with a certificate or a key cannot be used.
        case credentials
        /// The user or the password is wrong, or one is needed.
        case authentication
        /// The user may not do that.
        case denied
        /// There is no such thing.
        case absent
        /// The contents do not have the digest by which they were asked for or sent.
        case damaged
        /// Any other refusal.
        case refused
    }

    package var kind: Kind
    /// Says which registry, and what it answered.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { "registry: \(message)" }

    package var category: ErrorCategory { .unavailable }

    /// What the user can do about it.
    package var hint: String? {
        switch kind {
        case .unreachable: "check that the registry runs and that 'blobs' has its address"
        case .busy: "check the registry's log; its disk may be full"
        case .certificate:
            "check dates and issuers of both certificates with 'openssl x509 -noout -dates -subject -issuer'"
        case .credentials: "the files must be readable, in PEM form, and the key must be that of the certificate"
        case .authentication, .denied:
            "'skopeo login --authfile FILE HOST' writes a file for 'registry-credentials'; the user must be allowed to push"
        case .absent, .damaged, .refused: nil
        }
    }

    /// Whether the same request may succeed in a moment.
    var isTransient: Bool { kind == .unreachable || kind == .busy }
}
