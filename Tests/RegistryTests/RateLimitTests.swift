import Core
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Registry

/// A registry that answers only some requests, as public ones do.
@Suite(.enabled(if: Program.areInstalled("python3"), "needs python3"))
struct RateLimitTests {
    /// Answers `…/manifests/SECONDS`: the first request for a path is refused, with `Retry-After: SECONDS`; `…/never`
    /// is always refused without one, `…/forbidden` by another status. `…/requests` counts the requests so far.
    private static let script = """
        import http.server

        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *args): pass

            def do_GET(self):
                word = self.path.split('/')[-1]
                isFirst = self.path not in seen
                if word != 'requests': seen.append(self.path)
                refused = word == 'never' or word.isdigit() and isFirst
                body = str(len(seen)).encode()
                if refused: body = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}'
                if word == 'forbidden': body = b'Method not\\nallowed\\n'
                self.send_response(429 if refused else 405 if word == 'forbidden' else 200)
                if refused and word != 'never': self.send_header('Retry-After', word)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
        """

    @Test func aRegistryIsAskedAgainWhenItSays() async throws {
        let program = try Program(["python3", "-u", "-c", Self.script]).start()
        defer {
            program.kill(SIGKILL)
            program.wait()
        }
        try await waitUntil("the server listens") { program.output.hasSuffix("\n") || !program.isRunning }
        let url = "http://127.0.0.1:\(program.output.trimmingCharacters(in: .whitespacesAndNewlines))/x"
        func images(timeout: Duration) throws -> RegistryImages {
            RegistryImages(
                RegistryClient(try #require(RegistryAddress(url)), http: HTTPClient(), timeout: timeout))
        }
        func manifest(_ reference: String, timeout: Duration = .seconds(600)) throws -> String? {
            try images(timeout: timeout).manifest(reference, types: [], limit: 1000).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        // It says that it wants to wait a second, which is longer than the time for other errors.
        #expect(try manifest("1", timeout: .zero) == "2")
        // An hour is not waited for.
        let late = #expect(throws: RegistryError.self) { try manifest("3600") }
        #expect(
            late?.kind == .limited && late?.message.contains("TOOMANYREQUESTS: slow down; Retry-After: 3600") == true)
        #expect(try manifest("requests") == "3")
        let forbidden = #expect(throws: RegistryError.self) { try manifest("forbidden") }
        #expect(forbidden?.kind == .forbidden && forbidden?.message.hasSuffix("405: Method not allowed") == true)
        let never = #expect(throws: RegistryError.self) { try manifest("never", timeout: .zero) }
        #expect(never?.kind == .limited && never?.hint?.contains("log in") == true)
    }
}
