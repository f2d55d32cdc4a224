"""Serves git repositories by https, as a forge does: with a password, through git's own `http-backend`. Prints its port.

usage: git_http.py DIRECTORY CERTIFICATE KEY PASSWORD. The user `reader` may only read, any other may also write. A file
`status` in the directory has the status of all answers.
"""
import base64
import http.server
import os
import ssl
import subprocess
import sys
import urllib.parse

directory, certificate, key, password = sys.argv[1:]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        body = self.body()
        user = self.user()
        if os.path.exists(directory + "/status"):
            with open(directory + "/status") as file:
                return self.answer(int(file.read()))
        if user is None:
            return self.answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
        if user == "reader" and "git-receive-pack" in self.path:
            return self.answer(403)
        backend = subprocess.run(
            ["git", "http-backend"], input=body, stdout=subprocess.PIPE, env={
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": directory, "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": user, "REQUEST_METHOD": self.command, "PATH_INFO": urllib.parse.unquote(address.path),
                "QUERY_STRING": address.query, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(len(body)),
            })
        head, _, content = backend.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.answer(int(fields.pop("Status", "200").split()[0]), fields, content)

    do_POST = do_GET

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while length := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def user(self):
        kind, _, words = self.headers.get("Authorization", "").partition(" ")
        user, _, secret = base64.b64decode(words).decode().partition(":")
        return user if kind == "Basic" and secret == password else None

    def answer(self, status, fields={}, content=b""):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
