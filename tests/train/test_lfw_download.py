"""`bench data lfw` without archives at hand: from a mirror, by hand, with no network."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import bench_process, invoke
from drawn import write_archives
from file_server import FileServer, closed_port, running_file_server, server_that_hangs_up

from train.data.lfw import IMAGES, LISTS, MASKS
from zoo.base.download_record import RECORD, read_record
from zoo.home import Home


@pytest.fixture
def mirror(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FileServer]:
    """All five files, of drawn people."""
    folder = write_archives(tmp_path_factory.mktemp("mirror"))
    for name, line in zip(LISTS.values(), ("Ann_Lee 1", "Bo_Ek 1", "Cy_Orr 3"), strict=True):
        (folder / name).write_text(f"{line}\n")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running_file_server() as server:
        server.files = {path.name: path.read_bytes() for path in folder.iterdir()}
        yield server


def left(home: Home) -> set[str]:
    return {path.name for path in home.lfw_archives.iterdir()}


def wait_for_bytes(process: subprocess.Popen[str], target: Path, count: int) -> None:
    part = target.with_name(f".{target.name}.part")
    deadline = time.monotonic() + 60
    while not part.is_file() or part.stat().st_size < count:
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        assert time.monotonic() < deadline, f"{part} never held {count} bytes"
        time.sleep(0.01)


def test_from_a_mirror_is_downloaded_once(home: Home, mirror: FileServer) -> None:
    words = ("data", "lfw", "--mirror", mirror.address, "--repacked")
    output = invoke(*words).output
    told = f"fetching 5 of 5 files, about 246.1 MB, from {mirror.address}/ to {home.lfw_archives}"
    assert told in output
    assert "1 train, 1 validation, 1 test (official lists" in output
    assert set(read_record(home.lfw_archives).files) == {IMAGES, MASKS, *LISTS.values()}
    assert "fetching" not in invoke(*words).output
    assert len(mirror.served) == 5


def test_photographs_are_held_to_the_published_md5(home: Home, mirror: FileServer) -> None:
    output = invoke("data", "lfw", "--mirror", mirror.address, status=1).output
    assert hashlib.md5(mirror.files[IMAGES]).hexdigest() in output
    assert re.search(r"md5 [0-9a-f]{32}, as published", output)
    assert "--repacked" in output
    assert not [path for path in home.lfw_archives.iterdir() if IMAGES in path.name]


@pytest.mark.parametrize("name", [MASKS, "parts_train.txt"])
def test_from_a_parked_address_is_not_taken(home: Home, mirror: FileServer, name: str) -> None:
    mirror.files[name] = b"<!doctype html><p>This domain is for sale"
    output = invoke("data", "lfw", "--mirror", mirror.address, "--repacked", status=1).output
    assert f"{name} ({mirror.address}/{name}) is not whole" in output
    assert name not in read_record(home.lfw_archives).files


def test_goes_on_after_a_kill(home: Home, mirror: FileServer) -> None:
    mirror.stall_after = 2000
    words = ("data", "lfw", "--mirror", mirror.address, "--repacked")
    with bench_process(home, *words) as process:
        wait_for_bytes(process, home.lfw_archives / IMAGES, 2000)
        with bench_process(home, *words) as second:
            output, _ = second.communicate(timeout=120)
        assert f"{home.lfw_archives} is in use by another command" in output
        process.send_signal(signal.SIGKILL)
    mirror.go_on.set()
    with bench_process(home, *words) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "fetching 1 of 5 files" in output
    rest = len(mirror.files[IMAGES]) - 2000
    assert [(s.start, s.sent) for s in mirror.served if s.path == IMAGES][-1] == (2000, rest)
    assert left(home) == {*mirror.files, RECORD}
    for name, content in mirror.files.items():
        assert (home.lfw_archives / name).read_bytes() == content


def test_files_put_by_hand_are_taken_if_whole(home: Home, mirror: FileServer) -> None:
    words = ("data", "lfw", "--mirror", mirror.address, "--repacked")
    home.lfw_archives.mkdir(parents=True)
    path = home.lfw_archives / MASKS
    path.write_bytes(mirror.files[MASKS][:-20])
    assert f"{MASKS} (by hand) is not whole" in invoke(*words, status=1).output
    path.write_bytes(mirror.files[MASKS])
    path.with_name(f".{MASKS}.part").write_bytes(b"what a download left")
    assert "fetching 4 of 5 files" in invoke(*words).output
    assert left(home) == {*mirror.files, RECORD}
    record = json.loads((home.lfw_archives / RECORD).read_text())
    assert record["files"][MASKS]["source"] == "by hand"
    train = home.lfw_archives / "parts_train.txt"
    train.write_text("Ann_Lee 2\n")
    assert "as recorded when it came first" in invoke(*words, status=1).output
    assert train.is_file()


def test_a_server_that_hangs_up_does_not_end_the_program(home: Home) -> None:
    with server_that_hangs_up() as host:
        for _ in range(3):
            mirror = f"https://{host}"
            with bench_process(home, "data", "lfw", "--mirror", mirror, "--repacked") as process:
                output, _ = process.communicate(timeout=120)
            assert process.returncode == 1, output
            assert f"{mirror}/parts_train.txt cannot be fetched" in output


def test_without_a_network_says_what_to_do(home: Home) -> None:
    mirror = f"http://127.0.0.1:{closed_port()}/lfw/"
    with bench_process(home, "data", "lfw", "--mirror", mirror, "--repacked") as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f"Error: {mirror}parts_train.txt cannot be fetched: " in output
    assert "refused" in output
    assert f"put parts_train.txt, {', '.join([*LISTS.values()][1:])}" in output
    assert f"into {home.lfw_archives} by hand, then: bench data lfw" in output
    assert "bench data lfw --archives" in output
    assert "Traceback" not in output
    assert left(home) == set()


def test_archives_and_mirror_are_two_ways(home: Home, tmp_path: Path) -> None:
    words = ("data", "lfw", "--archives", str(tmp_path), "--mirror", "http://127.0.0.1/")
    assert "leave --mirror and --repacked out" in invoke(*words, status=2).output


def test_the_archives_are_no_data_set(home: Home, portraits: Path) -> None:
    words = ("data", "folder", str(portraits), "--name", home.lfw_archives.name)
    assert "cannot name a data set" in invoke(*words, status=1).output
