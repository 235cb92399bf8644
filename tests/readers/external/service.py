"""A small real HTTP service that reads exams, and misbehaves on request in every way such a service can."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "Jansen^Zoë"
"""A made-up name that a careless service quotes in its error page."""


@dataclass
class Behaviour:
    """What the service does: `how` it answers POST /read, and changes to the documents it sends.

    `slow_info` drips the answer to GET /info. `hung_up` is set once a client no longer listens to what is dripping.
    """

    how: str = "well"
    info: dict[str, Any] = field(default_factory=dict)
    reply: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    slow_info: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def info_document(self) -> dict[str, Any]:
        """GET /info."""
        return {"modelName": "Other Product", "modelVersion": "4.2", "apiVersion": "1"} | self.info

    def reply_document(self, request: dict[str, Any]) -> dict[str, Any]:
        """A good answer to a request: every image read, one mark on the first."""
        uids = request["sopInstanceUids"]
        mark = {"sopInstanceUid": uids[0], "box": [10.0, 20.0, 60.0, 90.0], "type": "mass", "score": 0.8}
        good = {
            **{key: value for key, value in self.info_document().items() if key not in ("label", "scope")},
            "studyInstanceUid": request["studyInstanceUid"],
            "status": "ok",
            "score": 0.83,
            "breasts": [{"laterality": "R", "score": 0.83}, {"laterality": "L", "score": 0.1}],
            "density": "c",
            "imagesRead": uids,
            "findings": [mark],
        }
        return good | self.reply


class _Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.behaviour.slow_info:
            self._drip_headers()
            return
        self._send(200, json.dumps(self.behaviour.info_document()).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else b""
        self.behaviour.requests.append((self.headers["Content-Type"], body))
        answers = {
            "silent": self._stay_silent,
            "slow": self._drip,
            "slow headers": self._drip_headers,
            "huge": self._flood,
            "hangup": self._hang_up,
        }
        if self.behaviour.how in answers:
            answers[self.behaviour.how]()
            return
        self._answer(body)

    def _answer(self, body: bytes) -> None:
        start = body.index(b'{"apiVersion"')
        request, _ = json.JSONDecoder().raw_decode(body[start:].decode("latin-1"))
        good = json.dumps(self.behaviour.reply_document(request)).encode()
        status, content = {
            "well": (200, good),
            "error": (500, f"traceback about {NAME}".encode()),
            "unauthorised": (401, b"{}"),
            "redirect": (307, b""),
            "garbage": (200, b"<html>" + NAME.encode()),
            "cut": (200, good[: len(good) // 2]),
            "empty": (200, b""),
            "list": (200, b"[]"),
            "nan": (200, good.replace(b"0.83", b"NaN")),
        }[self.behaviour.how]
        self._send(status, content)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        if status == 307:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stay_silent(self) -> None:
        self.behaviour.over.wait(20)

    def _drip(self) -> None:
        """A byte at a time, each well within any time limit of a single read."""
        self._start(1_000_000)
        self._trickle(b" " * 1000)

    def _drip_headers(self) -> None:
        """The same before the answer has begun: a header line that does not end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._trickle(b"X-Patience: " + b"x" * 100)
        self.close_connection = True

    def _trickle(self, content: bytes) -> None:
        for byte in content:
            if self.behaviour.over.wait(0.05):
                return
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                self.behaviour.hung_up.set()
                return

    def _flood(self) -> None:
        self._start(1 << 30)
        try:
            while not self.behaviour.over.is_set():
                self.wfile.write(b" " * (1 << 16))
        except OSError:
            return

    def _hang_up(self) -> None:
        self._start(1000)
        self.wfile.write(b"{")
        self.wfile.flush()
        self.connection.close()

    def _start(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """The service on a free port, for the length of a block; gives its URL."""
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        behaviour.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
