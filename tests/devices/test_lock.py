"""One measurement at a time of this machine's cores, from whatever clone it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import bench_process, invoke, running
from engines import engine_is_here, link_of, opened
from own_models import write_convolutions

from bench.sessions.store import read_all
from zoo.base.errors import StorageError
from zoo.base.lock import Folders, lock_folder, timing
from zoo.home import Home

SHORT = ("--sessions", "1", "--max-sessions", "1", "--rounds", "4")


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lock of this machine is to lie."""
    monkeypatch.setenv("BENCH_LOCKS", str(tmp_path / "locks"))
    (tmp_path / "locks").mkdir()
    return tmp_path / "locks" / ".host.lock"


def test_two_clones_do_not_measure_at_once(home: Home, tmp_path: Path) -> None:
    path, other = write_convolutions(tmp_path / "m.onnx", 2), Home(root=tmp_path / "clone")
    deeper = write_convolutions(tmp_path / "n.onnx", 3)
    words = ("run", str(path), "--sessions", "40", "--max-sessions", "40", "--rounds", "20")
    with running(bench_process(other, *words)) as process:
        until = time.monotonic() + 60
        while not list(other.results.glob("*/*.json")):
            assert time.monotonic() < until
            time.sleep(0.02)
        told = f"this machine is in use by another command: process {process.pid}: bench run"
        assert told in invoke("run", str(path), *SHORT, status=1).output
        assert told in invoke("compare", str(path), str(deeper), *SHORT[:4], status=1).output
        assert not read_all(home).sessions
    # Nobody holds it any longer.
    invoke("run", str(path), *SHORT)


def test_who_only_looks_stops_nobody(lock: Path) -> None:
    """`bench devices` on a shelf, again and again."""
    look = "from zoo.base.lock import user_of\nwhile True: user_of('host')"
    with subprocess.Popen([sys.executable, "-c", look]) as looker:
        try:
            lock.touch()
            until = time.monotonic() + 3
            while time.monotonic() < until:
                with timing("host", "this machine"):
                    pass
        finally:
            looker.kill()


@pytest.mark.parametrize("put", ["link", "name", "pipe", "folder"])
def test_what_others_put_there_does_no_harm(
    home: Home, tmp_path: Path, lock: Path, put: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    made: dict[str, Callable[[], object]] = {
        "link": lambda: lock.symlink_to(precious),
        "name": lambda: lock.hardlink_to(precious),
        "pipe": lambda: os.mkfifo(lock),
        "folder": lock.mkdir,
    }
    made[put]()
    path = write_convolutions(tmp_path / "m.onnx", 2)
    output = invoke("run", str(path), *SHORT, status=1).output
    assert f"{lock} cannot be locked" in output
    assert "remove it" in output
    assert precious.read_text() == "kept"


def test_what_a_holder_wrote_does_not_act_on_the_terminal(
    home: Home, tmp_path: Path, lock: Path
) -> None:
    path = write_convolutions(tmp_path / "m.onnx", 2)
    words = ("run", str(path), "--sessions", "40", "--max-sessions", "40", "--rounds", "20")
    with running(bench_process(Home(root=tmp_path / "clone"), *words)):
        until = time.monotonic() + 60
        while not lock.is_file() or not lock.read_text():
            assert time.monotonic() < until
            time.sleep(0.02)
        lock.write_bytes(b"\x1b[2Jprocess 1: \xff\n" * 9000)
        output = invoke("run", str(path), *SHORT, status=1).output
    assert "in use by another command" in output
    assert "\x1b" not in output
    assert len(output) < 2000


def test_without_a_home_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container."""
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("BENCH_LOCKS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with timing("host", "this machine"):
        assert lock_folder() == tmp_path / f"bench-zoo-{os.getuid()}"
    lock_folder().chmod(0o777)
    with pytest.raises(StorageError, match="others can write") as caught:
        lock_folder()
    assert "BENCH_LOCKS" in caught.value.remedy
    # One that is not absolute would be another from each working folder.
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert lock_folder() == tmp_path / "home" / ".cache" / "bench-zoo"


def test_a_page_on_this_machine_times_its_cores_too(
    home: Home, model: Path, tmp_path: Path
) -> None:
    engine_is_here("chromium")
    words = ("run", str(model), "--device", "browser", *SHORT, "--wait", "60")
    with held_elsewhere() as holder, running(bench_process(home, *words)) as process:
        link = link_of(process)
        with opened("chromium", f"{link}&start", tmp_path / "profile"):
            output, _ = process.communicate(timeout=100)
    assert process.returncode == 1, output
    assert f"this machine is in use by another command: process {holder}" in output


@contextmanager
def held_elsewhere() -> Iterator[int]:
    """The lock of this machine in the hands of a process, whose number this gives."""
    script = (
        "from zoo.base.lock import timing\n"
        "with timing('host', 'this machine'): print(flush=True); input()"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield holder.pid
        holder.kill()


def test_a_folder_is_held_until_the_last_job_on_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    program = (
        "import sys; from pathlib import Path; from zoo.base.lock import locked\n"
        "with locked(Path(sys.argv[1])): pass"
    )

    def refused() -> bool:
        command = [sys.executable, "-c", program, str(folder)]
        return subprocess.run(command, capture_output=True).returncode != 0

    with Folders() as folders:
        folders.hold([folder])
        folders.hold([folder, tmp_path / "other"])
        assert refused()
        folders.leave([folder])
        assert refused(), "the other job is at work on it"
        folders.leave([folder, tmp_path / "other"])
        assert not refused()
