# SPDX-License-Identifier: Apache-2.0
"""Web servers that misbehave as a test wants them to."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlparse


class Server:
    """Calls `answer(handler, path, body)` for each POST, one at a time."""

    def __init__(self, answer, tls=None):
        """With `tls`, an SSLContext, over HTTPS."""
        lock = threading.Lock()
        self.requests = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler):
                body = handler.rfile.read(
                    int(handler.headers["Content-Length"]))
                with lock:
                    self.requests += 1
                    answer(handler, urlparse(handler.path).path, body)

            def log_message(handler, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if tls:
            # Hands are shaken in the handler's thread, not in that of accept.
            self.http.socket = tls.wrap_socket(
                self.http.socket, server_side=True,
                do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http",
                                          self.port)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def reply(handler, status, body, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def hang_up(handler):
    handler.close_connection = True
    handler.connection.close()
