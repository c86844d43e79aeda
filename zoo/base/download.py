"""Downloads one file over http or https, and goes on where it was broken off (RFC 9110, 13-14)."""

from __future__ import annotations

import re
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

from zoo.base.download_part import Part, open_part
from zoo.base.download_record import Complaint, verify
from zoo.base.errors import DownloadError, FileError
from zoo.base.lock import locked
from zoo.base.progress import Bar
from zoo.base.web import open_url, reason, surviving_hang_ups

ATTEMPTS = 4
BLOCK_BYTES = 2**16
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class _BrokenOff(Exception):
    """The transfer ended early; another attempt may go on from there."""


def fetch(
    url: str,
    path: Path,
    *,
    limit_bytes: int,
    sha256: str | None = None,
    md5: str | None = None,
    complaint: Complaint | None = None,
    remedy: str = "check the address and the network, then the same command",
    remedy_if_wrong: str = "the same command fetches it again",
    timeout_s: float = 30.0,
    pause_s: float = 1.0,
) -> None:
    """Download `url` to `path`, whole and verified or not at all; record it in `downloads.json`.

    Goes on from what an earlier call left. `timeout_s` is for each read; between its attempts it
    waits `pause_s`, then twice as long. Raises DownloadError naming the address and the reason (of
    a file that is too large, or not what it should be, see `verify`, nothing is kept), FolderBusy
    while another process is at work in that folder, StorageError where the disk refuses.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise DownloadError(f"{url!r} cannot be fetched", expected="an http or https address")
    with locked(path.parent), open_part(path) as part, surviving_hang_ups():
        try:
            _receive(url, part, path.name, limit_bytes, timeout_s, pause_s)
            part.flush_to_disk()
        except _BrokenOff as error:
            raise DownloadError(
                f"{url} broke off {ATTEMPTS} times: {error}",
                remedy=f"the same command again: it goes on after the {part.size} bytes it has",
            ) from error
        except (OSError, HTTPException, ValueError) as error:
            raise DownloadError(
                f"{url} cannot be fetched: {reason(error)}", remedy=remedy
            ) from error
        checks = {"sha256": sha256, "md5": md5}
        try:
            remedy = f"nothing was kept of it; {remedy_if_wrong}"
            verify(part.path, path, url, **checks, complaint=complaint, remedy=remedy)
        except FileError:
            part.begin_anew()
            raise
        part.path.replace(path)


def _receive(
    url: str, part: Part, name: str, limit_bytes: int, timeout_s: float, pause_s: float
) -> None:
    """Attempts until the part is whole; raises _BrokenOff when too many ended early."""
    for attempt in range(ATTEMPTS):
        try:
            with Bar(name, None, "MB", done=part.size / 1e6) as bar:
                _transfer(url, part, limit_bytes, timeout_s, bar)
            return
        except _BrokenOff:
            if attempt + 1 == ATTEMPTS:
                raise
            time.sleep(pause_s * 2**attempt)


def _transfer(url: str, part: Part, limit_bytes: int, timeout_s: float, bar: Bar) -> None:
    """One request for what is missing."""
    mark = part.mark(url)
    headers = {"Range": f"bytes={part.size}-", "If-Range": mark} if mark else {}
    try:
        response = open_url(url, headers, timeout_s)
    except HTTPError as error:
        with error:
            if error.code != 416:
                raise
            # Nothing follows the part: it is whole, or the file is a shorter one by now.
            if _content_range(error.headers.get("Content-Range"))[1] == part.size:
                return
            part.begin_anew()
            raise _BrokenOff("the file has changed on the server") from error
    with response:
        total = _agree(response, url, part, mark)
        _refuse_above(limit_bytes, total or 0, url, part)
        of = None if total is None else round(total / 1e6, 1)
        while block := _read(response):
            _refuse_above(limit_bytes, part.size + len(block), url, part)
            part.append(block)
            bar.at(round(part.size / 1e6, 1), of)
    if total is not None and part.size < total:
        raise _BrokenOff(f"the connection ended after {part.size} of {total} bytes")


def _agree(response: HTTPResponse, url: str, part: Part, mark: str | None) -> int | None:
    """Bring the part to where the answer begins; returns the size of the whole file, if told."""
    etag = response.headers.get("ETag", "")
    answered = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
    if response.status == 200:
        part.begin_anew(url, answered)
        return response.length
    start, total = _content_range(response.headers.get("Content-Range"))
    if response.status != 206 or start != part.size or (answered and answered != mark):
        part.begin_anew()
        raise _BrokenOff(f"the server answered {response.status} with another part or version")
    return start + response.length if total is None and response.length is not None else total


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read1(BLOCK_BYTES)
    except (OSError, HTTPException) as error:
        raise _BrokenOff(reason(error)) from error


def _refuse_above(limit_bytes: int, size: int, url: str, part: Part) -> None:
    if size > limit_bytes:
        part.begin_anew()
        raise DownloadError(
            f"{url} has {size} bytes or more",
            expected=f"at most {limit_bytes} bytes",
            remedy="the address may lead elsewhere by now: look at it in a browser",
        )


def _content_range(header: str | None) -> tuple[int | None, int | None]:
    """(first byte, size of the whole), each None where the header does not tell."""
    match = _CONTENT_RANGE.fullmatch(header or "")
    if match is None:
        return None, None
    start, total = match.groups()
    return int(start) if start else None, None if total == "*" else int(total)
