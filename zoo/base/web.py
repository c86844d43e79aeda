"""Asks a web server, and says in plain words why it could not be asked."""

from __future__ import annotations

import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from urllib import request
from urllib.error import HTTPError, URLError


def open_url(url: str, headers: dict[str, str], timeout_s: float) -> HTTPResponse:
    """Ask for `url`. By http and https alone, so that no redirect leads to a file.

    Proxies are the environment's. Raises what urllib does: OSError, HTTPException, ValueError.
    """
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    headers = {"User-Agent": "mobile-segmentation-zoo"} | headers
    response: HTTPResponse = opener.open(request.Request(url, headers=headers), timeout=timeout_s)
    return response


def reason(error: Exception) -> str:
    """For a message: what `open_url` or reading its answer raised."""
    if isinstance(error, HTTPError):
        return f"HTTP {error.code} {error.reason}"
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, socket.gaierror):
        return f"its host is not found, or there is no network ({cause.strerror})"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    return f"TLS: {cause}" if isinstance(cause, ssl.SSLError) else str(cause)


@contextmanager
def surviving_hang_ups() -> Iterator[None]:
    """SIGPIPE is to end `bench models | head` quietly, not a download whose server hangs up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)
