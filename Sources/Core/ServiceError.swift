/// The kinds of failures of a service, such as an etcd cluster or a registry.
package protocol ServiceErrorKind: Hashable, Sendable {
    /// The name of the service, the first word of messages.
    static var service: String { get }
    /// A suggestion for failures of this kind; nil if there is no general one.
    var hint: String? { get }
}

/// A failure of a service that ciso uses over the network. The same request may succeed later.
package struct ServiceError<FailureKind: ServiceErrorKind>: ClassifiedError, Hashable, CustomStringConvertible {
    /// The kinds of failures of the service.
    package typealias Kind = FailureKind

    /// The kind of the failure, for callers.
    package var kind: Kind
    /// The message, which names the server and its response.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { "\(Kind.service): \(message)" }

    package var category: ErrorCategory { .unavailable }

    /// The hint of the kind.
    package var hint: String? { kind.hint }
}
