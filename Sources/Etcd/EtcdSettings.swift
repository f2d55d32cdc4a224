package import HTTP

/// The addresses of an etcd cluster and the credentials for it.
package struct EtcdSettings: Hashable, Sendable {
    /// The addresses of the members, as `https://HOST:PORT`; at least one.
    package var endpoints: [String]
    /// Trusted certificate authorities and the client certificate.
    package var http: HTTPSettings
    /// The user for password authentication; nil to disable it.
    package var user: String?
    /// The password of `user`.
    package var password: String?
    /// The prefix of all keys, so that several programs can share a cluster.
    package var root = "ciso/"

    package init(endpoints: [String], http: HTTPSettings = HTTPSettings()) {
        self.endpoints = endpoints.map { String($0.hasSuffix("/") ? $0.dropLast() : $0[...]) }
        self.http = http
    }
}
