"""A real HTTP server with faults to order: it drops, stalls, lies, changes its mind."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, TCPServer
from typing import NamedTuple

MODIFIED = "Sat, 01 Nov 2025 10:00:00 GMT"


class Served(NamedTuple):
    """One answer: which file, from which byte on, and how many bytes of it left."""

    path: str
    start: int
    sent: int


class FileServer(ThreadingHTTPServer):
    """Serves `files` with Range, ETag and If-Range; the other attributes are the faults."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.drop_after: list[int] = []
        self.stall_after: int | None = None
        self.ranges = self.if_range = self.etags = self.lengths = True
        self.claims: int | None = None
        self.shift = 0
        self.served: list[Served] = []
        self.go_on = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        path = self.path.removeprefix("/")
        if path in self.server.redirects:
            self.send_response(302)
            self.send_header("Location", self.server.redirects[path])
            self.end_headers()
        elif path not in self.server.files:
            self.send_error(self.server.statuses.get(path, 404))
        else:
            self._send(path, self.server.files[path])

    def _send(self, path: str, content: bytes) -> None:
        start = self._start(content)
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            self.server.served.append(Served(path, start, 0))
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header(*self._mark(content))
        if self.server.lengths:
            self.send_header("Content-Length", str(self.server.claims or len(content) - start))
        self.end_headers()
        self._send_body(path, content, start)

    def _start(self, content: bytes) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") == self._mark(content)[1] or not self.server.if_range
        return int(asked[1]) + self.server.shift if asked and same and self.server.ranges else 0

    def _mark(self, content: bytes) -> tuple[str, str]:
        if self.server.etags:
            return "ETag", f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        return "Last-Modified", MODIFIED

    def _send_body(self, path: str, content: bytes, start: int) -> None:
        end = len(content)
        if self.server.drop_after:
            end = min(end, start + self.server.drop_after.pop(0))
        stall = self.server.stall_after
        pause = end if stall is None else min(end, start + stall)
        try:
            self.wfile.write(content[start:pause])
            if pause < end:
                assert self.server.go_on.wait(timeout=60)
                self.wfile.write(content[pause:end])
        except ConnectionError:
            pass
        self.server.served.append(Served(path, start, end - start))

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running_file_server() -> Iterator[FileServer]:
    with FileServer() as server, running(server):
        try:
            yield server
        finally:
            server.go_on.set()


@contextmanager
def server_that_hangs_up() -> Iterator[str]:
    """The host and port of a server that takes connections and ends them unread."""
    with TCPServer(("127.0.0.1", 0), BaseRequestHandler) as server, running(server):
        yield f"127.0.0.1:{server.server_address[1]}"


@contextmanager
def running(server: TCPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
