import Foundation
import Glibc
import TestSupport

/// A web server on 127.0.0.1 that serves every file. Guests with a network can reach it.
final class LoopbackFiles: Sendable {
    private let program: RunningProgram
    private let port: UInt16

    /// - Parameter directory: the working directory of the server.
    init(in directory: String) throws {
        port = try freePorts(1)[0]
        program = try Program(
            [
                "/usr/bin/python3", "-u", "-c",
                """
                import http.server, sys
                class Handler(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers()
                        self.wfile.write(b"ok")
                    def log_message(self, *arguments): print(self.requestline, flush=True)
                http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
                """, "\(port)",
            ], in: directory
        ).start()
    }

    deinit {
        program.kill(SIGKILL)
        program.wait()
    }

    /// QEMU's gateway is this machine.
    var addressForGuests: String { "10.0.2.2:\(port)" }

    /// The lines of requests so far.
    var requests: [String] { program.output.split(separator: "\n").map(String.init) }
}
