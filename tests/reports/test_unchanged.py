"""Commands that have nothing to do: they do nothing, and import little."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import made
import pytest
from commands import TINY, invoke

from zoo.home import Home

ROOT = Path(__file__).parents[2]
CODE = ("bench", "devices", "reports", "train", "zoo")
RUN = """
import sys
from bench.cli import main
absent = sys.argv.pop(1)
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
assert absent not in sys.modules, absent
"""


def run(home: Path, absent: str, *words: str, code: Path = ROOT) -> None:
    """`bench` in a process of its own, which is to do without a module."""
    environment = os.environ | {"BENCH_HOME": str(home), "PYTHONPATH": str(code)}
    command = [sys.executable, "-c", RUN, absent, *words]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Where people work: the home is the folder of the code, so that reports lie within it."""
    for name in CODE:
        unwanted = shutil.ignore_patterns("node_modules", "site", "__pycache__", "out")
        shutil.copytree(ROOT / name, tmp_path / "clone" / name, ignore=unwanted)
    return tmp_path / "clone"


def test_in_a_clone_a_report_is_written_again_where_something_changed(clone: Path) -> None:
    home = Home(root=clone)
    made.store(home, [made.device()], made.SPECS[:2])
    run(clone, "torch", "report", code=clone)
    page = home.report / "index.html"
    written = page.stat().st_mtime_ns
    run(clone, "pandas", "report", code=clone)
    assert page.stat().st_mtime_ns == written, "nothing had changed"
    made.store(home, [made.device()], made.SPECS[:2], first=1)
    run(clone, "torch", "report", code=clone)
    changed = page.stat().st_mtime_ns
    assert changed > written, "there are more sessions"
    with (clone / "reports" / "write.py").open("a") as source:
        source.write("# another version\n")
    run(clone, "torch", "report", code=clone)
    assert page.stat().st_mtime_ns > changed, "the code is another"


def test_what_is_heavy_is_not_imported_for_nothing(shipped: Home, home: Home) -> None:
    shutil.copytree(shipped.root, home.root, dirs_exist_ok=True)
    words = ("--model", TINY, "--format", "tflite", "--precision", "fp32")
    invoke("export", *words)
    run(home.root, "torch", "export", *words)
    invoke("run", *words[:2], "--runtime", "litert", "--precision", "fp32", "--sessions", "2")
    pick = ("pick", "--device", "host", "--max-latency", "1000ms")
    run(home.root, "torch", *pick)
    run(home.root, "pandas", *pick)
