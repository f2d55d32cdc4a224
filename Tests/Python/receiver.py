"""A server that takes webhooks and statuses: prints its port, then a line of JSON for each request.

usage: receiver.py SECRET [STATUS...]: the first answers have these statuses, all others 200.
"""
import hashlib
import hmac
import http.server
import json
import sys

secret = sys.argv[1].encode()
statuses = [int(word) for word in sys.argv[2:]]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        status = statuses.pop(0) if statuses else 200
        print(json.dumps({
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "signed": hmac.compare_digest(expected, self.headers.get("X-Ciso-Signature-256", "")),
            "body": json.loads(body),
            "answer": status,
        }), flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
