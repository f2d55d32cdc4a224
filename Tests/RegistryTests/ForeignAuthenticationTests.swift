import Core
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Registry

/// A registry that demands kinds of authentication that no client of this module supports.
@Suite(.enabled(if: Program.areInstalled("python3"), "needs python3"))
struct ForeignAuthenticationTests {
    /// Refuses all requests with the challenge in its argument.
    private static let script = """
        import http.server, sys

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *args): pass

            def do_GET(self):
                self.send_response(401)
                if sys.argv[1]: self.send_header('WWW-Authenticate', sys.argv[1])
                self.send_header('Content-Length', '0')
                self.end_headers()

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
        """

    @Test(
        arguments: [
            ("Negotiate", .scheme, "it asks for a user by 'negotiate'"),
            (#"Digest realm="x", nonce="y, z", NTLM"#, .scheme, "it asks for a user by 'digest', 'ntlm'"),
            ("Bearer", .scheme, "it asks for a token from ''"),
            (#"Negotiate, Basic realm="x""#, .authentication, "answered with 401"),
            ("", .authentication, "answered with 401"),
        ] as [(String, RegistryErrorKind, String)])
    func theSchemeIsNamed(challenge: String, kind: RegistryErrorKind, words: String) async throws {
        let program = try Program(["python3", "-u", "-c", Self.script, challenge]).start()
        defer {
            program.kill(SIGKILL)
            program.wait()
        }
        try await waitUntil("the server listens") { program.output.hasSuffix("\n") || !program.isRunning }
        let port = program.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let client = RegistryClient(
            try #require(RegistryAddress("http://127.0.0.1:\(port)/x")), http: HTTPClient(), timeout: .zero)
        let error = #expect(throws: RegistryError.self) { try client.ping() }
        #expect(error?.kind == kind && error?.hint != nil)
        #expect(error?.message.hasSuffix(words) == true, "\(error as Any)")
    }
}
