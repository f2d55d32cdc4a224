package import Core

/// Why etcd did not do what was asked.
package struct EtcdError: ClassifiedError, Hashable, CustomStringConvertible {
    /// What callers and users may want to tell apart.
    package enum Kind: String, Sendable {
        /// No member can be reached.
        case unreachable
        /// Members answer, but have no leader: too few of them are connected with each other.
        case lostQuorum
        /// The database has reached its quota.
        case noSpace
        /// A certificate is not accepted, by us or by the members.
        case certificate
        /// A file with a certificate or a key cannot be used.
        case credentials
        /// The user, the password or the user's permissions are wrong.
        case authentication
        /// The lease of an owner has ended: what it owned is gone.
        case leaseLost
        /// The history that a watch would need was removed.
        case compacted
        /// The request was cancelled.
        case cancelled
        /// Any other refusal, or an answer that is none of etcd's.
        case refused
    }

    package var kind: Kind
    /// Says which member, and what it answered.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { "etcd: \(message)" }

    package var category: ErrorCategory { .unavailable }

    /// What the user can do about it.
    package var hint: String? {
        switch kind {
        case .unreachable: "check that etcd runs and that 'coordination' has its addresses"
        case .lostQuorum:
            "more than half of the members must run and reach each other; 'etcdctl endpoint status --cluster' shows them"
        case .noSpace:
            "compact and defragment: 'etcdctl compact REVISION', 'etcdctl defrag --cluster', 'etcdctl alarm disarm'; run "
                + "etcd with --auto-compaction-mode=periodic --auto-compaction-retention=1h"
        case .certificate:
            "check dates and issuers of both certificates with 'openssl x509 -noout -dates -subject -issuer'"
        case .credentials: "the files must be readable, in PEM form, and the key must be that of the certificate"
        case .authentication: "check the user, its password and its role with 'etcdctl user get' and 'etcdctl role get'"
        case .leaseLost, .compacted, .cancelled, .refused: nil
        }
    }

    /// Whether another member, or the same one later, may do what was asked.
    var isTransient: Bool { kind == .unreachable || kind == .lostQuorum }
}
