package import Core

/// A failure of a request to etcd.
package typealias EtcdError = ServiceError<EtcdErrorKind>

/// The kinds of failures of etcd.
package enum EtcdErrorKind: String, ServiceErrorKind {
    /// No member can be reached.
    case unreachable
    /// Members respond, but have no leader: too few of them are connected with each other.
    case lostQuorum
    /// The database has reached its quota.
    case noSpace
    /// A certificate is not trusted by ciso or by a member.
    case certificate
    /// A file with a certificate or a key cannot be used.
    case credentials
    /// The user, the password or the user's permissions are wrong.
    case authentication
    /// The lease of an owner has expired, and its values are deleted.
    case leaseLost
    /// The history that a watch needs was compacted.
    case compacted
    /// The request was cancelled.
    case cancelled
    /// Any other error, or a response that is not etcd's.
    case refused

    /// The service in messages.
    package static let service = "etcd"

    /// What the user can do about it.
    package var hint: String? {
        switch self {
        case .unreachable:
            "check that etcd runs and that 'coordination' has its addresses, with 'https://' if it uses TLS"
        case .lostQuorum:
            "more than half of the members must run and reach each other; 'etcdctl endpoint status --cluster' shows them"
        case .noSpace:
            "compact and defragment: 'etcdctl compact REVISION', 'etcdctl defrag --cluster', 'etcdctl alarm disarm'; run "
                + "etcd with --auto-compaction-mode=periodic --auto-compaction-retention=1h"
        case .certificate:
            "check dates and issuers of both certificates with 'openssl x509 -noout -dates -subject -issuer', and that the "
                + "server uses TLS"
        case .credentials: "the files must be readable, in PEM form, and the key must be that of the certificate"
        case .authentication: "check the user, its password and its role with 'etcdctl user get' and 'etcdctl role get'"
        case .refused: "check that 'coordination' has the addresses of etcd's members, not of another server"
        case .leaseLost, .compacted, .cancelled: nil
        }
    }
}

extension EtcdError {
    /// Whether the request may succeed at another member, or later.
    var isTransient: Bool { kind == .unreachable || kind == .lostQuorum }
}
