"""Downloads from a real server that drops, lies and changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from file_server import FileServer, Served, closed_port, running_file_server

from zoo.base.download import ATTEMPTS, fetch
from zoo.base.download_record import RECORD, read_record
from zoo.base.errors import DownloadError

CONTENT = np.random.default_rng(0).bytes(300_000)
OTHER = np.random.default_rng(1).bytes(250_000)
LIMIT = 2**20


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running_file_server() as server:
        server.files["a.bin"] = CONTENT
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "a.bin"


def get(server: FileServer, target: Path, sha256: str | None = None) -> None:
    fetch(f"{server.address}/a.bin", target, limit_bytes=LIMIT, sha256=sha256, pause_s=0.01)


def left(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} if target.parent.is_dir() else set()


def test_a_download_is_recorded_and_leaves_nothing_else(server: FileServer, target: Path) -> None:
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert left(target) == {"a.bin", RECORD}
    entry = read_record(target.parent).files["a.bin"]
    assert entry.source == f"{server.address}/a.bin"
    assert entry.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert entry.size_bytes == len(CONTENT)


@pytest.mark.parametrize("etags", [True, False], ids=["ETag", "Last-Modified"])
def test_a_dropped_connection_costs_no_byte_twice(
    server: FileServer, target: Path, etags: bool
) -> None:
    server.etags = etags
    server.drop_after = [100_000, 50_000]
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert [(s.start, s.sent) for s in server.served] == [
        (0, 100_000),
        (100_000, 50_000),
        (150_000, 150_000),
    ]


def test_after_too_many_drops_the_next_call_goes_on(server: FileServer, target: Path) -> None:
    server.drop_after = [10_000] * ATTEMPTS
    with pytest.raises(DownloadError, match="broke off 4 times: the connection ended") as caught:
        get(server, target)
    assert "the same command again: it goes on after the 40000 bytes" in str(caught.value)
    assert not target.exists()
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.served[-1] == Served("a.bin", 40_000, 260_000)
    assert left(target) == {"a.bin", RECORD}


@pytest.mark.parametrize("fault", ["", "if_range", "ranges"])
@pytest.mark.parametrize("new", [OTHER, OTHER[:9_000]], ids=["changed", "shorter than the part"])
def test_parts_of_two_versions_never_meet(
    server: FileServer, target: Path, fault: str, new: bytes
) -> None:
    server.drop_after = [10_000] * ATTEMPTS
    with pytest.raises(DownloadError):
        get(server, target)
    server.files["a.bin"] = new
    if fault:
        setattr(server, fault, False)
    get(server, target)
    assert target.read_bytes() == new


def test_a_part_is_not_continued_elsewhere(server: FileServer, target: Path) -> None:
    server.drop_after = [10_000]
    server.shift = -7
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_a_part_is_of_one_address(server: FileServer, target: Path) -> None:
    server.etags = False  # all files have the same date, and so the same mark
    server.drop_after = [10_000] * ATTEMPTS
    with pytest.raises(DownloadError):
        get(server, target)
    server.files["b.bin"] = OTHER
    fetch(f"{server.address}/b.bin", target, limit_bytes=LIMIT)
    assert target.read_bytes() == OTHER


def test_a_part_that_is_whole_already_is_finished(server: FileServer, target: Path) -> None:
    server.claims = len(CONTENT) + 1
    server.drop_after = [len(CONTENT)]
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.served == [Served("a.bin", 0, len(CONTENT)), Served("a.bin", len(CONTENT), 0)]


def test_a_size_above_the_limit_is_refused_unread(server: FileServer, target: Path) -> None:
    server.claims = 10**12
    with pytest.raises(DownloadError, match="1000000000000 bytes") as caught:
        get(server, target)
    assert f"at most {LIMIT} bytes" in str(caught.value)
    assert left(target) == set()


def test_an_endless_stream_is_stopped(server: FileServer, target: Path) -> None:
    server.lengths = False
    server.files["a.bin"] = bytes(LIMIT + 1)
    with pytest.raises(DownloadError, match=r"a\.bin has 1[0-9]{6} bytes or more"):
        get(server, target)
    assert left(target) == set()
    server.files["a.bin"] = bytes(LIMIT)
    get(server, target)
    assert target.stat().st_size == LIMIT


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("{server}/none", "HTTP 404"),
        ("{server}/broken", "HTTP 500"),
        ("{server}/to-file", "file:///etc/passwd"),
        ("{server}/to-ftp", "ftp"),
        ("{server}/round", "infinite loop"),
        ("https://{host}/a.bin", "TLS"),
        ("http://127.0.0.1:{closed}/a.bin", "refused"),
        ("http://no-such-host.invalid/a.bin", "its host is not found"),
        ("http://", "no host given"),
        ("http://[::1/a.bin", "cannot be fetched"),
        ("file:///etc/passwd", "an http or https address"),
        ("ftp://127.0.0.1/a.bin", "an http or https address"),
        ("example.org/a.bin", "an http or https address"),
    ],
)
def test_what_can_not_be_fetched_says_why(
    server: FileServer, target: Path, address: str, told: str
) -> None:
    server.statuses["broken"] = 500
    server.redirects = {
        "to-file": "file:///etc/passwd",
        "to-ftp": "ftp://127.0.0.1/a.bin",
        "round": "/round",
    }
    host = f"127.0.0.1:{server.server_port}"
    url = address.format(server=server.address, host=host, closed=closed_port())
    with pytest.raises(DownloadError) as caught:
        fetch(url, target, limit_bytes=LIMIT, pause_s=0.01)
    assert url in str(caught.value)
    assert told in str(caught.value)
    assert left(target) == set()


def test_a_redirect_does_not_choose_the_name(server: FileServer, target: Path) -> None:
    server.files["..%2f..%2fevil"] = OTHER
    server.redirects["a.bin"] = "/..%2f..%2fevil"
    get(server, target)
    assert target.read_bytes() == OTHER
    assert left(target) == {"a.bin", RECORD}


def test_a_wrong_checksum_names_both_and_keeps_nothing(server: FileServer, target: Path) -> None:
    right = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(DownloadError) as caught:
        get(server, target, sha256=right)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert right in str(caught.value)
    assert left(target) == set()
    server.files["a.bin"] = OTHER
    get(server, target, sha256=right)
    assert target.read_bytes() == OTHER


def test_without_a_checksum_the_first_file_is_the_measure(server: FileServer, target: Path) -> None:
    get(server, target)
    target.unlink()
    server.files["a.bin"] = OTHER
    with pytest.raises(DownloadError) as caught:
        get(server, target)
    for content in (CONTENT, OTHER):
        assert hashlib.sha256(content).hexdigest() in str(caught.value)
    assert left(target) == {RECORD}
    (remedy,) = re.findall(r"rm '(.*?)'", str(caught.value))
    Path(remedy).unlink()
    get(server, target)
    assert target.read_bytes() == OTHER


def test_a_broken_record_is_named(server: FileServer, target: Path) -> None:
    target.parent.mkdir()
    (target.parent / RECORD).write_text("{")
    with pytest.raises(DownloadError, match=RECORD):
        get(server, target)
    assert not target.exists()
