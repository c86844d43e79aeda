"""Nothing is lost: killed processes, full and read-only disks, two commands on one folder."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import (
    TINY,
    TRAIN,
    Chain,
    bench_process,
    check_all_were_taken,
    exporters,
    invoke,
)

from zoo.artifact.manifest import read_manifest, verified
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path
from zoo.cluster.parcels import digest
from zoo.cluster.worker import FAILED, program, work_there
from zoo.home import Home
from zoo.registry import get

SPEC = get(TINY)
KILLS = int(os.environ.get("BENCH_KILLS", "10"))
TEMPORARY = re.compile(r"\.bench-[0-9a-f]{8}\.")
# A file, and a folder (the Core ML package); the TFLite converter would only take longer.
EXPORT = ("export", "-m", TINY, "--format", "onnx", "--format", "coreml", "--precision", "fp32")
RUN = ("run", "-m", TINY, "--runtime", "onnxruntime", "--rounds", "4")
REPORT = ("report",)
# Moments to kill at, in seconds from the start: as long as each takes here, roughly.
SPANS_S = {"data": 0.6, "train": 8.0, "export": 10.0, "run": 3.0, "report": 1.2}


@pytest.mark.soak
def test_killed_at_random_moments(chain: Chain, home: Home, portraits: Path) -> None:
    """Every file is the old one or the new one, and in the end all is as if nothing happened."""
    generator = random.Random(int(os.environ.get("BENCH_SEED", "0")))
    sessions, killed = 1, Counter[str]()
    for name in ("data", "checkpoints", "artifacts"):
        shutil.copytree(chain.home.root / name, home.root / name)
    stored: set[str] = set()
    steps = ["data", "train", "export", "run", "report"]
    while killed.total() < KILLS:
        name = steps[killed.total() % len(steps)]
        process = bench_process(home, *command(name, portraits, sessions, again=True))
        time.sleep(generator.uniform(0, SPANS_S[name]))
        killed[name] += process.poll() is None
        process.kill()
        output, _ = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), output
        everything_is_whole(home, chain)
        found = session_ids(home)
        assert stored <= found
        stored = found
        if name == "run" and process.returncode == 0:
            sessions += 1
    for name in steps:
        run_to_the_end(home, command(name, portraits, sessions))
    everything_is_whole(home, chain)
    assert len(session_ids(home)) == len(files(home))
    check_all_were_taken(home, sessions)
    assert [p for p in home.root.rglob(".*") if TEMPORARY.match(p.name)] == []
    print(f"\nkilled {dict(killed)}; {sessions} sessions, none lost or doubled")


def command(name: str, portraits: Path, sessions: int, again: bool = False) -> tuple[str, ...]:
    force = ("--force",) if again else ()
    return {
        "data": ("data", "folder", str(portraits), "--name", "drawn"),
        "train": (*TRAIN, *force),
        "export": (*EXPORT, *force),
        "run": (*RUN, "--resume", "--sessions", str(sessions), "--max-sessions", str(sessions)),
        "report": REPORT,
    }[name]


def run_to_the_end(home: Home, words: tuple[str, ...]) -> None:
    process = bench_process(home, *words)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output


def everything_is_whole(home: Home, chain: Chain) -> None:
    """Same weights, tools and threads give the same bytes, so there is only one right content."""
    same(checkpoint_path(home, SPEC), checkpoint_path(chain.home, SPEC))
    for key, artifact in read_manifest(home, SPEC).artifacts.items():
        assert artifact.sha256 == read_manifest(chain.home, SPEC).artifacts[key].sha256
        path = verified(home, SPEC, artifact)
        if artifact.accuracy is not None:
            assert sha256_of(path.parent / artifact.accuracy.counts_file) == (
                artifact.accuracy.counts_sha256
            )
    same(home.dataset("drawn") / "dataset.json", chain.home.dataset("drawn") / "dataset.json")
    for path in files(home):
        json.loads(path.read_text())
    page = home.report / "index.html"
    assert not page.exists() or page.read_text().rstrip().endswith("</html>")


def same(path: Path, wanted: Path) -> None:
    assert path.read_bytes() == wanted.read_bytes(), path


def files(home: Home) -> list[Path]:
    return sorted(home.results.glob("*/*.json"))


def session_ids(home: Home) -> set[str]:
    return {json.loads(path.read_text())["id"] for path in files(home)}


def test_one_command_at_a_time_and_no_stale_lock(home: Home, portraits: Path) -> None:
    invoke("data", "folder", str(portraits), "--name", "drawn")
    words = (*TRAIN, "--epochs", "1")
    first = bench_process(home, *words)
    lock = home.root / "checkpoints" / f".{TINY}.lock"
    deadline = time.monotonic() + 60
    while not lock.is_file() or not lock.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused = invoke(*words, status=1).output
    assert f"process {first.pid}" in refused
    assert "bench train" in refused
    first.send_signal(signal.SIGKILL)
    first.communicate()
    invoke(*words)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Home]]:
    """A home on a disk of its own; the function it gives mounts it anew with other options."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux: full and read-only not tested")
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("tmpfs cannot be mounted here: full and read-only disks not tested")

    def remount(options: str) -> Home:
        subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)
        return Home(root=disk)

    yield remount
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_breaks_nothing(
    small_disk: Callable[[str], Home], chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small_disk("size=3m")
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    shutil.copytree(chain.home.dataset("drawn"), home.dataset("drawn"))
    full = invoke(*TRAIN, status=1).output
    assert "No space left" in full
    assert "next:" in full
    assert [p for p in home.root.rglob("*") if TEMPORARY.match(p.name)] == []
    small_disk("size=100m")
    invoke(*TRAIN)
    same(checkpoint_path(home, SPEC), checkpoint_path(chain.home, SPEC))

    fill = home.root / "filler"
    shutil.copytree(chain.home.root / "artifacts", home.root / "artifacts")
    before = {key: a.sha256 for key, a in read_manifest(home, SPEC).artifacts.items()}
    with pytest.raises(OSError, match="No space"):
        fill.write_bytes(bytes(100 * 2**20))
    for words in (
        (*TRAIN, "--force"),
        (*EXPORT, "--force"),
        (*RUN, "--sessions", "1"),
        REPORT,
        ("data", "synthetic", "--train", "20", "--validation", "5"),
    ):
        assert "No space left" in invoke(*words, status=1).output, words
    assert exporters() == []
    fill.unlink()
    same(checkpoint_path(home, SPEC), checkpoint_path(chain.home, SPEC))
    for key, artifact in read_manifest(home, SPEC).artifacts.items():
        assert artifact.sha256 == before[key]
        verified(home, SPEC, artifact)


def test_a_full_disk_of_a_farm_s_machine_is_told(
    small_disk: Callable[[str], Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = small_disk("size=3m").root
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    parcel = {"data/large.bin": bytes(4 * 2**20)}
    order = {"name": "export of a variant"}
    [(kind, told)] = work_there(program(()), order, [digest(parcel)], parcel)
    assert kind == FAILED
    assert told == f"{socket.gethostname()} refused: No space left on device"
    assert list(disk.iterdir()) == [], "nothing of it stays"


def test_a_read_only_folder_is_named(
    small_disk: Callable[[str], Home], chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small_disk("size=100m")
    shutil.copytree(chain.home.root, home.root, dirs_exist_ok=True)
    small_disk("ro")
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    for words in (
        (*TRAIN, "--force"),
        (*EXPORT, "--force"),
        (*RUN, "--sessions", "1"),
        REPORT,
    ):
        refused = invoke(*words, status=1).output
        assert "Read-only file system" in refused, words
        assert "BENCH_HOME" in refused
    assert TINY in invoke("models", "--model", TINY).output
    monkeypatch.setenv("BENCH_HOME", str(chain.home.root))
    monkeypatch.setenv("BENCH_LOCKS", str(home.root / "locks"))
    assert "set BENCH_LOCKS" in invoke(*RUN, "--sessions", "1", status=1).output
