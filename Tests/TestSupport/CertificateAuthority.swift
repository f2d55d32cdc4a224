/// Makes certificates for servers and clients of a test, by openssl.
package struct CertificateAuthority: Sendable {
    private let directory: TemporaryDirectory

    /// A certificate and its key, as files.
    package struct Identity: Sendable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package init() throws {
        directory = try TemporaryDirectory()
        try directory.shell(
            """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem \
                -days 30 -subj /CN=test-authority 2>log || { cat log; exit 1; }
            """)
    }

    /// The file with the authority's own certificate.
    package var certificates: String { directory("ca.pem") }

    /// A certificate of this machine, for servers and clients. Other hosts call it by ``SeparateHost/serverName``.
    ///
    /// - Parameter days: until it expires; negative: it has expired.
    package func issue(_ name: String, days: Int = 30) throws -> Identity {
        try directory.shell(
            """
            printf 'subjectAltName=DNS:localhost,DNS:%s,IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' "$3" >"$1.ext"
            { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" \
                -subj "/CN=$1" && openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
                -days "$2" -extfile "$1.ext" -out "$1.pem"; } 2>log || { cat log; exit 1; }
            """, name, "\(days)", SeparateHost.serverName)
        return Identity(certificate: directory("\(name).pem"), key: directory("\(name).key"))
    }
}
