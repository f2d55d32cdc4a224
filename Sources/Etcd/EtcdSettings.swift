package import HTTP

/// Where etcd is, and how it is reached.
package struct EtcdSettings: Hashable, Sendable {
    /// Addresses of the members, `https://HOST:PORT`, at least one.
    package var endpoints: [String]
    /// Trusted authorities, and the client's certificate.
    package var http: HTTPSettings
    /// The user that authenticates by a password; nil: none.
    package var user: String?
    package var password: String?
    /// What the keys begin with, so that several programs can share one etcd.
    package var root = "ciso/"

    package init(endpoints: [String], http: HTTPSettings = HTTPSettings()) {
        self.endpoints = endpoints.map { String($0.hasSuffix("/") ? $0.dropLast() : $0[...]) }
        self.http = http
    }
}
