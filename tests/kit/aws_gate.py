"""A gate before moto's S3: counts what passes, and lets uploads fail, wait or break off."""

from __future__ import annotations

import base64
import hashlib
import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from kit.simulator.httpd import HttpServer, Response

# A method and a path in, an answer out, or None to let the call pass.
Rule = Callable[[str, str], Response | None]


class Gate:
    """An HTTP server that passes S3's calls on to moto."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self.calls: list[tuple[str, str]] = []
        self.rule: Rule = lambda method, path: None
        # Whether what is sent is to be damaged on its way.
        self.damages: Callable[[str, str], bool] = lambda method, path: False
        self.is_open = threading.Event()
        self.is_open.set()
        self._server = HttpServer(self._answer)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def count(self, method: str, part: str = "") -> int:
        """How many calls of a method there were, for paths that contain `part`."""
        return sum(one == method and part in path for one, path in list(self.calls))

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        self.calls.append((method, path))
        if method in ("PUT", "POST"):
            self.is_open.wait(30)
        answer = self.rule(method, path)
        if answer is not None:
            return answer
        if self.damages(method, path):
            body = bytes([body[0] ^ 1]) + body[1:]
        told_sum = headers.get("x-amz-checksum-sha256")
        if told_sum and base64.b64encode(hashlib.sha256(body).digest()).decode() != told_sum:
            return refusal(400, "BadDigest")  # as S3 does, and moto does not
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            sent = {k: v for k, v in headers.items() if k not in ("expect", "connection")}
            connection.request(method, path, body or None, sent)
            told = connection.getresponse()
            data = told.read()
        finally:
            connection.close()
        dropped = _HOP if method == "HEAD" else _HOP | {"content-length"}
        kept = {k: v for k, v in told.getheaders() if k.lower() not in dropped}
        return Response(told.status, data, kept)


_HOP = {"transfer-encoding", "connection", "server"}


def refusal(status: int, code: str, headers: Mapping[str, str] = {}) -> Response:
    """S3's error answer."""
    body = f"<Error><Code>{code}</Code><Message>Not now: {code}</Message></Error>".encode()
    return Response(status, body, {"Content-Type": "application/xml", **headers})


@contextmanager
def gate(upstream: str) -> Iterator[Gate]:
    """A gate that is closed in the end."""
    made = Gate(upstream)
    made._server.start()
    try:
        yield made
    finally:
        made.is_open.set()
        made._server.close()
