"""A server of SMTP: prints its port, then a line of JSON for each mail.

usage: smtp_sink.py [REFUSALS]: so many mails are refused first, for now.
"""
import json
import socketserver
import sys

refusals = int(sys.argv[1]) if len(sys.argv) > 1 else 0


class Session(socketserver.StreamRequestHandler):
    def answer(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        global refusals
        sender, recipients = None, []
        self.answer("220 sink ESMTP")
        while line := self.rfile.readline(2000):
            word = line.decode("utf-8", "replace").strip()
            command = word.upper()
            if command.startswith("EHLO"):
                self.answer("250-sink")
                self.answer("250 8BITMIME")
            elif command.startswith("MAIL FROM:"):
                sender, recipients = word[10:].split(" ")[0].strip("<>"), []
                self.answer("250 ok")
            elif command.startswith("RCPT TO:"):
                recipients.append(word[8:].split(" ")[0].strip("<>"))
                self.answer("250 ok")
            elif command == "DATA":
                self.answer("354 go on")
                lines = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(part[1:] if part.startswith(b".") else part)
                if refusals > 0:
                    refusals -= 1
                    self.answer("451 try again later")
                    continue
                text = b"".join(lines).decode("utf-8", "replace").replace("\r\n", "\n")
                print(json.dumps({"from": sender, "to": recipients, "text": text}), flush=True)
                self.answer("250 taken")
            elif command == "QUIT":
                self.answer("221 bye")
                return
            else:
                self.answer("250 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
