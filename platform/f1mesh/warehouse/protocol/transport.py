"""HTTP in front of the service: who may ask, how much, and at which address."""

from __future__ import annotations

import hmac
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from f1mesh.warehouse.events import event
from f1mesh.warehouse.protocol.service import Service
from f1mesh.warehouse.protocol.thrift import processor

MAX_BODY = 64 * 1024 * 1024
IDLE_SECONDS = 3600


class Server(ThreadingHTTPServer):
    """Answers at a socket that is bound already; one thread per connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, door: socket.socket, token: str, path: str, service: Service) -> None:
        super().__init__(door.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = door
        self.server_activate()
        self.expected = f"Bearer {token}".encode()
        self.path = path
        self.processor = processor(service)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "f1mesh-warehouse"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: Server

    def do_POST(self) -> None:
        """One Thrift call."""
        length = self._accepted_length()
        if length is None:
            return
        answer = TMemoryBuffer()
        try:
            self.server.processor.process(
                TBinaryProtocol(
                    TMemoryBuffer(self.rfile.read(length)),
                    string_length_limit=MAX_BODY,
                    container_length_limit=1_000_000,
                ),
                TBinaryProtocol(answer),
            )
        except (TimeoutError, OSError):
            raise
        except Exception as error:
            event("malformed", error=repr(error)[:500])
            self._refuse(400, "This is no TCLIService call.")
            return
        self._answer(200, "application/x-thrift", answer.getvalue())

    def _accepted_length(self) -> int | None:
        """The body's length if the request may be read; else None, and it was refused."""
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self.server.expected):
            self._refuse(401, "A valid bearer token is needed.")
            return None
        if self.path.rstrip("/") != self.server.path:
            self._refuse(404, f"The warehouse is at {self.server.path}.")
            return None
        text = self.headers.get("Content-Length", "")
        if not text.isdigit():
            self._refuse(411, "Content-Length is needed.")
            return None
        if int(text) > MAX_BODY:
            self._refuse(413, f"A request may have {MAX_BODY} bytes at most.")
            return None
        return int(text)

    def do_GET(self) -> None:
        """There is nothing to get."""
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        known = hmac.compare_digest(given, self.server.expected)
        self._refuse(404 if known else 401, "There is nothing here.")

    do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_GET

    def _refuse(self, code: int, text: str) -> None:
        """Answer without having read the body: the connection cannot go on."""
        self.close_connection = True
        self._answer(code, "text/plain", (text + "\n").encode())

    def _answer(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if code == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Statements are logged as events; single requests are not."""
