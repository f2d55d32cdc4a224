internal import HTTP
internal import System

extension HTTPSettings {
    /// Trusted certificate authorities from the environment variables of curl and OpenSSL.
    init(_ configuration: Configuration) {
        self.init()
        func value(_ name: String) -> String? {
            configuration.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        authorities = value("CURL_CA_BUNDLE") ?? value("SSL_CERT_FILE")
        if value("CURL_CA_BUNDLE") == nil { authorityDirectory = value("SSL_CERT_DIR") }
    }

    /// Trusted certificate authorities and the client certificate for shared services.
    ///
    /// - Parameter flags: The command's options; nil for a command without them.
    init(_ configuration: Configuration, _ flags: ServiceOptions?) throws {
        self.init(configuration)
        if let file = try Settings.tlsAuthorities.value(flag: flags?.tlsAuthorities, in: configuration) {
            authorities = file
        }
        certificate = try Settings.tlsCertificate.value(flag: flags?.tlsCertificate, in: configuration)
        key = try Settings.tlsKey.value(flag: flags?.tlsKey, in: configuration)
    }
}
