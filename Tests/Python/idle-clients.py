"""Clients of a server that do not read, or do not finish their request: usage: idle-clients.py PORT

Ends with 0 once the server has closed all of their connections.
"""
import select
import socket
import sys
import time

port = int(sys.argv[1])


def connect():
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    return connection


# A body that arrives byte by byte.
dripping = connect()
dripping.sendall(b"POST /api/v1/retry HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
# Requests whose responses nobody reads, more than fit into the buffers.
deaf = connect()
deaf.setblocking(False)
try:
    for _ in range(20_000):
        deaf.send(b"GET /grid.html HTTP/1.1\r\nHost: x\r\n\r\n")
except BlockingIOError:
    pass

waiting = {"dripping": dripping, "deaf": deaf}
while waiting:
    time.sleep(0.5)
    for name, connection in list(waiting.items()):
        poll = select.poll()
        poll.register(connection, select.POLLRDHUP)
        if poll.poll(0):
            print(f"{name}: closed", flush=True)
            del waiting[name]
    # The kernel tells of a connection that no longer exists when something is sent.
    for connection in waiting.values():
        try:
            connection.send(b" ")
        except OSError:
            pass
