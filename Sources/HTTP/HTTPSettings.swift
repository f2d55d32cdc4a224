/// Settings for connecting to servers. Proxies are configured by environment variables, as in curl: `http_proxy`,
/// `https_proxy`, `no_proxy`.
package struct HTTPSettings: Hashable, Sendable {
    /// A file with the certificates of trusted authorities; nil for those of the system.
    package var authorities: String?
    /// An additional directory with such certificates, prepared by `openssl rehash`.
    package var authorityDirectory: String?
    /// A file with the client certificate.
    package var certificate: String?
    /// A file with the key of that certificate.
    package var key: String?
    /// Whether HTTP/2 is offered.
    package var allowsHTTP2 = true

    package init() {}
}
