"""What a newcomer waits for, in a fresh clone: needs git, and an index of packages.

python -m pytest tests/benchmarks/test_first_hour.py -s
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from statistics import median

import made
import pytest
from self_figures import Figure

from zoo.home import Home

ROOT = Path(__file__).parents[2]
ASKED = 5
PRECISIONS = ("fp32", "fp16", "int8")
# Of every file, so that there are more than 1,000 with those of the host.
MADE_SESSIONS = 20


@dataclass(frozen=True, kw_only=True)
class Told:
    """How long a command took, and what it printed."""

    seconds: float
    lines: list[str]


def run(folder: Path, *command: str) -> Told:
    """Nothing of this environment, nor of what another home holds, is at hand to it."""
    absent = ("BENCH_HOME", "PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in absent}
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    return Told(seconds=seconds, lines=done.stdout.splitlines())


def size_gb(environment: Path) -> float:
    return sum(p.lstat().st_size for p in environment.rglob("*") if p.is_file()) / 1e9


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hour") / "clone"
    run(ROOT, "git", "clone", "--quiet", str(ROOT), str(folder))
    return folder


def test_the_light_install(clone: Path, tmp_path: Path, figure: Figure) -> None:
    run(clone, sys.executable, "-m", "venv", str(tmp_path))
    told = run(clone, str(tmp_path / "bin" / "pip"), "install", "--quiet", ".")
    size = size_gb(tmp_path)
    figure("pip install .", told.seconds, "s", at_most=60)
    figure("size of its environment", size, "GB", at_most=1)


def test_make_zoo(clone: Path, figure: Figure) -> None:
    """The answer begins where the report does."""
    installed = run(clone, "make", "setup")
    figure("make setup, all extras", installed.seconds, "s")
    figure("size of its environment, all extras", size_gb(clone / ".venv"), "GB")
    first = run(clone, "make", "zoo")
    figure("make zoo after make setup", first.seconds, "s", at_most=360)
    answer = list(takewhile(lambda line: line != "== reporting", reversed(first.lines)))
    figure("make zoo: lines of its answer", len(answer), "lines", at_most=40)
    figure("make zoo: the widest of them", max(map(len, answer)), "columns", at_most=100)
    again = median(run(clone, "make", "zoo").seconds for _ in range(ASKED))
    figure("make zoo with nothing to do, median", again, "s", at_most=4)


@pytest.fixture(scope="module")
def stored(clone: Path) -> tuple[str, ...]:
    """The names of the sessions in the clone: those of its host, and others made up."""
    assert (clone / "results").is_dir(), "make zoo did not measure"
    home = Home(root=clone)
    made.store(
        home,
        [made.device(emulated=True)],
        precisions=PRECISIONS,
        sessions=MADE_SESSIONS,
    )
    return tuple(sorted(path.stem for path in home.results.glob("*/*.json")))


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        (("models",), 0.7),
        (("models", "--long"), 2),
        (("pick", "--device", "host", "--max-latency", "60fps"), 1),
        (("show", "SESSION"), 1),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_stored_is_told_at_once(
    clone: Path, stored: Sequence[str], figure: Figure, words: Sequence[str], bound: float
) -> None:
    assert len(stored) >= 1000
    session = stored[-1].rpartition("-")[-1]
    asked = [session if word == "SESSION" else word for word in words]
    command = [str(clone / ".venv" / "bin" / "bench"), *asked]
    seconds = median(run(clone, *command).seconds for _ in range(ASKED))
    figure(f"bench {' '.join(words)}, {len(stored)} sessions, median", seconds, "s", at_most=bound)
