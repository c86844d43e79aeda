"""Where figures are made: homes of the tool in one folder, and the commands that work there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from measure.record import DOCS, commit, present_weights
from zoo.base.errors import BenchError
from zoo.base.files import write_text

PROGRAMS = Path(sys.executable).parent
SHARED = ("artifacts", "checkpoints", "data")


class Workshop:
    """folder: kept between runs, so that what was exported or measured is not made again.
    lfw, figaro: the folders with their archives, None where they are not at hand."""

    def __init__(self, folder: Path, lfw: Path | None, figaro: Path | None) -> None:
        self.folder = folder.resolve()
        self.lfw, self.figaro = lfw, figaro

    @property
    def files(self) -> Path:
        """The home in which every file is exported and proved."""
        return self.folder / "files"

    def home(self, name: str) -> Path:
        """One of its own; empty unless what was begun there is of the present weights and code."""
        home = self.folder / name
        state, now = home / "of.txt", f"{present_weights()} {commit()}\n"
        if not state.is_file() or state.read_text() != now:
            shutil.rmtree(home, ignore_errors=True)
            write_text(state, now)
        return home

    def beside(self, files: Path, name: str) -> Path:
        """A home for sessions of its own, of the exported files of another home."""
        home = self.home(name)
        for shared in SHARED:
            if not (home / shared).is_symlink():
                (home / shared).symlink_to(files / shared)
        return home

    def bench(self, home: Path, *words: str) -> str:
        """What the command prints; its errors go to the terminal."""
        environment = os.environ | {"BENCH_HOME": str(home), "COLUMNS": "100"}
        done = subprocess.run(
            [PROGRAMS / "bench", *words],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def benchmark(self, output: str, *words: str, **environment: str) -> None:
        """Benchmarks of the tool itself; their table goes to `output`, a path under docs."""
        made = self.folder / "table.md"
        self.folder.mkdir(parents=True, exist_ok=True)
        made.unlink(missing_ok=True)
        given = {"BENCH_SELF_OUTPUT": str(made)} | environment
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *words]
        # A figure beyond its bound is stored as that: the table says MISSED.
        subprocess.run(command, env=os.environ | given, cwd=DOCS.parent, check=False)
        if not made.is_file():
            raise BenchError(
                f"{words[0]} did not come to its end",
                expected="a table of figures",
                remedy="what pytest says above",
            )
        write_text(DOCS / output, made.read_text())

    def screenshot(self, page: Path, target: Path, width: int, height: int) -> None:
        """Of a report's page, by Chromium without a window."""
        how = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}")
        command = ["chromium", *how, f"--screenshot={target}", page.resolve().as_uri()]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
