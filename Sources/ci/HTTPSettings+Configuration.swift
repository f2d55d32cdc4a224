internal import HTTP
internal import System

extension HTTPSettings {
    /// What the environment says of trusted authorities, by the variables of curl and OpenSSL.
    init(_ configuration: Configuration) {
        self.init()
        func value(_ name: String) -> String? {
            configuration.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        authorities = value("CURL_CA_BUNDLE") ?? value("SSL_CERT_FILE")
        if value("CURL_CA_BUNDLE") == nil { authorityDirectory = value("SSL_CERT_DIR") }
    }
}
