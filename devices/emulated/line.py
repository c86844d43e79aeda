"""An emulated page's line to the server: what it sends and fetches, over http or https."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit


class Line:
    """link: the address with its fragment, which holds the token; page: the tab's own name.
    refused: the reasons of all answers that were no."""

    def __init__(self, link: str, page: str) -> None:
        parts = urlsplit(link)
        self.host, self.secure = parts.netloc, parts.scheme == "https"
        self.token = parts.fragment.partition("t=")[2].partition("&")[0]
        self.page = page
        self.refused: list[str] = []

    def connection(self, deadline_s: float = 60.0) -> http.client.HTTPConnection:
        if not self.secure:
            return http.client.HTTPConnection(self.host, timeout=deadline_s)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self.host, timeout=deadline_s, context=trusting)

    def post(
        self, path: str, message: dict[str, Any], deadline_s: float = 60.0
    ) -> dict[str, Any] | None:
        """What the server answers; None where it refuses or is not there."""
        body = json.dumps({"page": self.page} | message)
        headers = {"Content-Type": "application/json", "X-Bench-Token": self.token}
        connection = self.connection(deadline_s)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            told: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if response.status == 200:
            return told
        self.refused.append(told["reason"])
        return None

    def cut_off(self, answer: dict[str, Any]) -> None:
        """Send it, and go away before the server has answered."""
        body = json.dumps({"page": self.page, "answer": answer})
        connection = self.connection()
        headers = {"Content-Type": "application/json", "X-Bench-Token": self.token}
        connection.request("POST", "/api/turn", body, headers)
        connection.close()

    def fetch(self, path: str) -> bytes:
        connection = self.connection()
        try:
            connection.request("GET", path, headers={"X-Bench-Token": self.token})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise OSError(f"{path}: {response.status}")
        return content
