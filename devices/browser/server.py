"""The server of the page, for strangers' browsers on a shared network.

Whoever has no token gets the page's files and nothing else. `Host` is checked, so that no other
site's name leads here. Bodies are cut off while they arrive, every post is read strictly, files go
out by their hash alone, and no text of a browser ever comes back to another one.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from devices.browser.messages import MOST_TEXT, Join, Posted, Pulse, TurnPost
from devices.browser.pages import Pages, Refused
from devices.browser.site import TYPES, Site, find_site
from zoo.base.pictures import shown

log = logging.getLogger(__name__)

# Two masks as text, and what stands around them.
MOST_BYTES = 2 * MOST_TEXT + 100_000
HEADERS = {
    # Threads and a fine clock are for isolated pages alone.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "worker-src 'self' blob:; connect-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# The longest that browsers keep a cookie.
KEPT_S = 400 * 86_400
FOR_EVER = "public, max-age=31536000, immutable"
Message = TypeVar("Message", bound=Posted)
Content = Callable[[], tuple[bytes, str]]


@dataclass(kw_only=True)
class Offered:
    """What a page may fetch: its own files, others by their sha256, small contents by number.
    welcome: what it is told first. root: of the certificate, DER, for a phone to install."""

    site: Site = field(default_factory=find_site)
    files: dict[str, Path | bytes] = field(default_factory=dict)
    portraits: Sequence[Content] = ()
    welcome: Mapping[str, Any] = field(default_factory=dict)
    root: bytes | None = None


class Application:
    """The routes. hosts: the names and addresses, with the port, under which it may be asked."""

    def __init__(self, pages: Pages, offered: Offered, token: str, hosts: Sequence[str]) -> None:
        self.pages, self.offered, self.token = pages, offered, token
        self.site = site = offered.site
        index = (site.folder / "index.html").read_text()
        self.index = index.replace("@SITE@", f"/s/{site.name}")
        routes = [
            Route("/", self.home),
            Route("/s/{build}/{name:path}", self.file_of_site),
            Route("/root.cer", self.root),
            Route("/api/welcome", self.secret(self.welcome)),
            Route("/api/join", self.secret(self.join), methods=["POST"]),
            Route("/api/turn", self.secret(self.turn), methods=["POST"]),
            Route("/api/pulse", self.secret(self.pulse), methods=["POST"]),
            Route("/file/{sha256}", self.secret(self.file)),
            Route("/portrait/{number}", self.secret(self.portrait)),
        ]
        self.asgi: ASGIApp = Guard(Starlette(routes=routes), hosts)

    def secret(self, endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """The endpoint, for those who have the token; what it refuses, in one form."""

        async def guarded(request: Request) -> Response:
            given = request.headers.get("x-bench-token", "")
            try:
                if not secrets.compare_digest(given.encode(), self.token.encode()):
                    raise Refused(401, "Wrong code. Scan the one that the computer shows now.")
                self.pages.heard = time.monotonic()
                answer: Response = await endpoint(request)
                return answer
            except Refused as error:
                path = shown(request.scope["path"])
                log.warning("refused: %s %s: %s", request.method, path, error.reason)
                return JSONResponse({"reason": error.reason}, error.status)

        return guarded

    async def home(self, request: Request) -> Response:
        return Response(
            self.index, media_type=TYPES[".html"], headers={"Cache-Control": "no-store"}
        )

    async def file_of_site(self, request: Request) -> Response:
        name, accepted = request.path_params["name"], request.headers.get("accept-encoding", "")
        found = self.site.path(name, accepted)
        if found is None or request.path_params["build"] != self.site.name:
            return Response(status_code=404)
        path, encoding = found
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        kind = TYPES.get(Path(name).suffix, "application/octet-stream")
        return Response(await run_in_threadpool(path.read_bytes), media_type=kind, headers=headers)

    async def root(self, request: Request) -> Response:
        """An iPhone that opens this asks whether to install it. It is no secret."""
        if self.offered.root is None:
            return Response(status_code=404)
        return Response(self.offered.root, media_type="application/x-x509-ca-cert")

    async def welcome(self, request: Request) -> Response:
        certificate = self.offered.root is not None
        return JSONResponse({**self.offered.welcome, "certificate": certificate})

    async def join(self, request: Request) -> Response:
        joined = await posted(request, Join)
        # What speaks from the very address that it asks is on this machine, or led here by a cable.
        asked, asking = request.scope.get("server"), request.client
        local = bool(asked and asking and asked[0] == asking.host)
        await run_in_threadpool(self.pages.join, joined, local)
        response = JSONResponse({"joined": True})
        # A port is not part of a cookie's address: the next server knows the browser by these.
        kept = {"unit": joined.unit, "name": quote(joined.name, safe="")}
        for name, value in kept.items():
            # An empty value would be written as two quote marks, and read as those.
            if value:
                response.set_cookie(f"bench-{name}", value, max_age=KEPT_S, samesite="strict")
            else:
                response.delete_cookie(f"bench-{name}", samesite="strict")
        return response

    async def turn(self, request: Request) -> Response:
        given = await posted(request, TurnPost)
        page = self.pages.get(given.page)
        return JSONResponse(await run_in_threadpool(page.turn, given.answer))

    async def pulse(self, request: Request) -> Response:
        given = await posted(request, Pulse)
        self.pages.get(given.page).pulse(given.stage)
        return JSONResponse({})

    async def file(self, request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        content = self.offered.files.get(sha256)
        if content is None:
            raise Refused(404, "There is no such file.")
        if isinstance(content, Path):
            content = await run_in_threadpool(content.read_bytes)
        headers = {"Cache-Control": "private, max-age=86400, immutable"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def portrait(self, request: Request) -> Response:
        number = request.path_params["number"]
        if not re.fullmatch(r"\d{1,3}", number) or int(number) >= len(self.offered.portraits):
            raise Refused(404, "There is no such portrait.")
        content, kind = await run_in_threadpool(self.offered.portraits[int(number)])
        return Response(content, media_type=kind)


async def posted(request: Request, kind: type[Message]) -> Message:
    """The message of a post, read strictly. Raises Refused."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                raise Refused(413, "This is too long.")
    except ClientDisconnect:
        raise Refused(400, "This was cut off.") from None
    try:
        return kind.model_validate(json.loads(body))
    except (ValidationError, ValueError, RecursionError):
        # Not what was wrong with it: that would hold a stranger's text.
        raise Refused(422, "This is no message of the page.") from None


class Guard:
    """Around everything: hosts that are not ours are turned away, and headers that keep other
    sites out are on every answer."""

    def __init__(self, inner: ASGIApp, hosts: Sequence[str]) -> None:
        self.inner, self.hosts = inner, {host.lower().encode() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1 or given[0].lower() not in self.hosts:
            response = JSONResponse({"reason": "This is no address of this computer."}, 421)
            await response(scope, receive, send)
            return

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self.inner(scope, receive, with_headers)
