"""The HTTP side: keep-alive connections, one thread each, as small as it can be."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Response(NamedTuple):
    """An answer; without a status the connection is closed instead."""

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Application(Protocol):
    """What answers a request: method, path, headers with small names, body."""

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Response: ...


class HttpServer(socketserver.ThreadingTCPServer):
    """Serves an application on a free port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, application: Application, port: int = 0) -> None:
        self.application = application
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def port(self) -> int:
        """The port that was free."""
        number: int = self.server_address[1]
        return number

    def start(self) -> None:
        """Serve in a daemon thread."""
        threading.Thread(
            target=self.serve_forever, args=(0.02,), name="simulator", daemon=True
        ).start()

    def process_request(self, request: socket.socket, address: object) -> None:  # type: ignore[override]
        with self._lock:
            self._open.add(request)
        super().process_request(request, address)  # type: ignore[arg-type]

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, address: object) -> None:
        """A client that goes away is no error here."""

    def close(self) -> None:
        """Stop, and end the connections that clients kept open."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: HttpServer

    def handle(self) -> None:
        try:
            while self._one():
                pass
        except (OSError, ValueError):
            pass

    def _one(self) -> bool:
        start = self.rfile.readline(65536).split()
        if len(start) != 3:
            return False
        headers: dict[str, str] = {}
        while (line := self.rfile.readline(65536)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(int(headers.get("content-length", 0)))
        method, path = start[0].decode(), start[1].decode()
        response = self.server.application(method, path, headers, body)
        if response.status is None:
            return False
        head = [f"HTTP/1.1 {response.status} {'OK' if response.status < 400 else 'Error'}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        # An answer to HEAD tells the length of what it does not hold.
        if "content-length" not in {name.lower() for name in response.headers}:
            head.append(f"Content-Length: {len(response.body)}")
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + response.body)
        return headers.get("connection", "").lower() != "close"
