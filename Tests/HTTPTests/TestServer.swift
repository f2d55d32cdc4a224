import Foundation
import TestSupport

/// An HTTP server whose answer depends on the requested path.
final class TestServer: Sendable {
    private let program: RunningProgram
    let url: String

    /// - Parameters:
    ///   - identity: its certificate; nil: no TLS.
    ///   - authorities: who signs certificates of clients, which then need one; nil: clients need none.
    init(identity: CertificateAuthority.Identity? = nil, authorities: String? = nil) async throws {
        let files = identity.map { [$0.certificate, $0.key] + (authorities.map { [$0] } ?? []) } ?? []
        program = try Program(["python3", "-u", "-c", Self.script] + files).start()
        let program = program
        try await waitUntil("the server listens") { program.output.hasSuffix("\n") || !program.isRunning }
        let port = program.output.trimmingCharacters(in: .whitespacesAndNewlines)
        url = "\(identity == nil ? "http" : "https")://127.0.0.1:\(port)"
    }

    deinit {
        program.kill(SIGKILL)
        program.wait()
    }

    private static let script = """
        import http.server, ssl, sys, time

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *args): pass

            def answer(self, status, body=b'', **headers):
                self.send_response(status)
                for name, value in headers.items(): self.send_header(name, value)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command != 'HEAD': self.wfile.write(body)

            def do_GET(self):
                word, _, rest = self.path[1:].partition('/')
                if word == 'text': self.answer(200, b'hello', Colour='blue')
                elif word == 'status': self.answer(int(rest), b'because')
                elif word == 'redirect':
                    last = int(rest) == 0
                    self.answer(200 if last else 302, b'arrived' if last else b'on', Location=f'/redirect/{int(rest) - 1}')
                elif word == 'leave': self.answer(302, Location='file:///etc/passwd')
                elif word == 'headers': self.answer(200, str(self.headers).encode())
                elif word == 'big': self.answer(200, b'x' * int(rest))
                elif word == 'endless':
                    self.send_response(200)
                    self.end_headers()
                    while True: self.wfile.write(b'x' * 65536)
                elif word == 'silent':
                    self.send_response(200)
                    self.send_header('Content-Length', '9')
                    self.end_headers()
                    self.wfile.write(b'some')
                    self.wfile.flush()
                    time.sleep(3600)
                elif word == 'broken':
                    self.send_response(200)
                    self.send_header('Content-Length', '9')
                    self.end_headers()
                    self.wfile.write(b'some')
                    self.close_connection = True
            do_HEAD = do_GET

            def do_PUT(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                self.answer(201, f'{self.command} {len(body)} {sum(body)}'.encode())
            do_POST = do_PATCH = do_PUT

            def do_DELETE(self): self.answer(202)

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.daemon_threads = True
        if len(sys.argv) > 2:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            if len(sys.argv) > 3:
                context.load_verify_locations(sys.argv[3])
                context.verify_mode = ssl.CERT_REQUIRED
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        print(server.server_address[1])
        server.serve_forever()
        """
}
