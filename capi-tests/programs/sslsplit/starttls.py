"""starttls.py PORT - goes over to TLS as PostgreSQL does, and then answers a line with a file."""

import socket
import ssl
import sys
import threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
with open("text", "rb") as file:
    text = file.read()


def serve(plain):
    # The client speaks first: sslsplit gives up if the server can before it has noticed the connection.
    plain.recv(8, socket.MSG_WAITALL)
    plain.sendall(b"S")
    with context.wrap_socket(plain, server_side=True) as secret:
        secret.makefile("rb", 0).readline()
        # sslsplit frees what it has below a filter without waiting for its output.
        secret.sendall(text + bytes(1 << 18))


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
