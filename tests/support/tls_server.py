"""A server that speaks TLS and answers once."""

import socket
import ssl
import threading
from contextlib import suppress


def answer_over_tls(authority, name, times=1):
    """Port of a server with a certificate, and the requests that arrive, once they are decrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server, requests = socket.create_server(("127.0.0.1", 0)), []

    def serve():
        with server:
            for _ in range(times):
                plain, _ = server.accept()
                with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    if request := connection.recv(65536):
                        requests.append(request)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=serve)
    thread.start()
    return server.getsockname()[1], requests, thread
