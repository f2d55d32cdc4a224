/// How servers are reached. Proxies are those of the environment, as for curl: `http_proxy`, `https_proxy`, `no_proxy`.
package struct HTTPSettings: Hashable, Sendable {
    /// A file with the certificates of the authorities that are trusted; nil: those of the system.
    package var authorities: String?
    /// A directory with such certificates, as `openssl rehash` prepares it, beside the file.
    package var authorityDirectory: String?
    /// A file with the client's own certificate.
    package var certificate: String?
    /// A file with the key of that certificate.
    package var key: String?
    /// Whether HTTP/2 is offered to servers.
    package var allowsHTTP2 = true

    package init() {}
}
