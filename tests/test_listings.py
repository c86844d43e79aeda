"""Every command that lists things: as CSV, as Markdown, in a pipe and on a narrow terminal."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made
import pytest
from click.testing import CliRunner
from commands import TINY, bench_process
from drawn import write_portraits

from bench.cli import cli
from bench.sessions.store import find_session
from reports.text.listing import flat
from train.data.folder import prepare_folder
from zoo.home import Home

Rows = Callable[[Any], list[dict[str, Any]]]
SIDES = ("mnv2_slim_unet_0.35_128", "mnv2_slim_unet_0.5_128", "--stored", "--runtime", "litert")
# What is of each file is left to JSON, for CSV has a row a model.
PER_FILE = ("artifacts", "export_failures")
# Each with where its rows stand in what --json prints.
LISTS: dict[tuple[str, ...], Rows] = {
    ("models",): lambda found: [
        {key: value for key, value in row.items() if key not in PER_FILE} for row in found
    ],
    ("weights", "list"): lambda found: list(found.values()),
    ("devices",): lambda found: found["devices"],
    ("doctor",): lambda found: found,
    ("check", "last"): lambda found: found["warnings"],
    ("compare", *SIDES): lambda found: found,
    ("data", "check", "own"): lambda found: found["findings"],
    ("data", "leaks", "drawn"): lambda found: found["found"],
    ("data", "people", "drawn"): lambda found: found["groups"],
}
# What reads the machine: its figures are others a moment later.
OF_NOW = ("found", "remedy", "ok")
ONE_ANSWER = [("report",), ("pick", "--device", "host", "--max-latency", "60fps"), ("show",)]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Few sessions, of which the last are weak; a prepared data set; a folder with a fault."""
    home = Home(root=tmp_path_factory.mktemp("listed"))
    made.store(home, [made.device()], made.SPECS[:6], sessions=6)
    made.store(home, [made.device()], made.SPECS[:1], sessions=9, first=1, slows=1.4)
    folder = write_portraits(home.root / "own", 8)
    image = folder / "images" / "p001.jpg"
    image.with_name("a|b.jpg").write_bytes(image.read_bytes())
    prepare_folder(home, write_portraits(home.root / "portraits", 8), "drawn")
    return home


@pytest.fixture(autouse=True)
def here(stored: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """No adb: a test is not to leave a server behind."""
    monkeypatch.chdir(stored.root)
    monkeypatch.setenv("BENCH_HOME", str(stored.root))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("ANDROID_HOME", raising=False)
    monkeypatch.setenv("TORCH_HOME", "no-cache")


def said(*words: str) -> str:
    """Some end with a status of their own, for what they found is wrong."""
    result = CliRunner().invoke(cli, words)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert not result.output.startswith(("Error", "Usage")), result.output
    return result.stdout


def as_text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_csv_has_the_rows_of_json(words: tuple[str, ...]) -> None:
    expected = LISTS[words](json.loads(said(*words, "--json")))
    rows = list(csv.DictReader(io.StringIO(said(*words, "--format", "csv"))))
    assert len(rows) == len(expected)
    for row, whole in zip(rows, expected, strict=True):
        values = {key: as_text(value) for key, value in flat(whole)}
        for key, cell in row.items():
            if words != ("doctor",) or key not in OF_NOW:
                assert cell == values.get(key, ""), key


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_markdown_is_a_table_of_equal_rows(words: tuple[str, ...]) -> None:
    lines = said(*words, "--format", "markdown").splitlines()
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert len(counts) == 1
    assert re.fullmatch(r"\|( -+:? \|)+", lines[1])
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines)


def test_what_check_proposes_names_what_to_run(stored: Home) -> None:
    session = find_session(stored, first_session(stored))
    told = said("check", session.id)
    assert "give no interval" in told
    assert f"bench run --model {session.request.model} --device host" in " ".join(told.split())


def test_a_pipe_in_a_cell_is_escaped() -> None:
    assert "images/a\\|b.jpg" in said("data", "check", "own", "--format", "markdown")


@pytest.mark.parametrize("words", [*LISTS, *ONE_ANSWER], ids=" ".join)
def test_a_pipe_has_no_colour_and_a_terminal_no_line_too_wide(
    words: tuple[str, ...], stored: Home
) -> None:
    if words == ("show",):
        words = ("show", first_session(stored))
    process = bench_process(stored, *words)
    piped, _ = process.communicate(timeout=120)
    assert piped
    assert "\x1b" not in piped
    shown = on_terminal(stored, words, columns=80)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    wide = [line for line in plain.split("\n") if len(line.split("\r")[-1]) > 80]
    # A path is never broken: it is there to be copied.
    assert [line for line in wide if "/" not in line] == []


def first_session(home: Home) -> str:
    return next(home.results.glob("*/*.json")).stem.rpartition("-")[2]


def on_terminal(home: Home, words: tuple[str, ...], columns: int, **environment: str) -> str:
    """What a process of its own writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    unset = ("COLUMNS", "NO_COLOR")
    kept = {key: value for key, value in os.environ.items() if key not in unset}
    program = [str(Path(sys.executable).parent / "bench"), *words]
    with subprocess.Popen(
        program,
        env=kept | {"BENCH_HOME": str(home.root), "TERM": "xterm-256color"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:
            # Linux ends a terminal without writers so.
            pass
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_no_color_is_kept_to(stored: Home) -> None:
    words = ("models", "--model", TINY)
    assert "\x1b[1mmodel" in on_terminal(stored, words, 80)
    assert "\x1b" not in on_terminal(stored, words, 80, NO_COLOR="1")


def test_a_terminal_too_narrow_for_a_table_gets_a_line_a_value(stored: Home) -> None:
    told = on_terminal(stored, ("models", "--model", TINY), 45, NO_COLOR="1")
    assert re.search(rf"^model +{TINY}$", told, re.MULTILINE)
    assert max(map(len, told.splitlines())) <= 45


def test_a_report_names_three_next_commands_and_not_itself() -> None:
    told = said("report")
    steps = told.partition("next: ")[2].splitlines()
    assert len(steps) == 3
    assert all(step.strip().startswith("bench ") for step in steps)
    assert "bench report" not in told.partition("next: ")[2]


def test_a_format_of_files_and_one_of_the_list_are_told_apart() -> None:
    told = CliRunner().invoke(cli, ["export", "-m", TINY, "--format", "cvs"]).output
    assert "unknown format 'cvs'" in told
    words = ["eval", "-m", TINY, "--format", "csv", "--format", "markdown"]
    assert "one format of the list" in CliRunner().invoke(cli, words).output
