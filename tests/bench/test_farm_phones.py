"""Phones of a farm, behind the real adb: all at once, one is pulled, and Ctrl-C."""

from __future__ import annotations

import importlib.util
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from commands import bench_process, invoke, running
from farms import Farm, children_left, two_nodes
from phones import RUN, adbs, nothing_left, phone

from bench.sessions.store import read_all
from zoo.home import Home

pytestmark = [
    pytest.mark.usefixtures("adb_server"),
    pytest.mark.skipif(not adbs(), reason="adb is not installed: no phones of a farm tested"),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed (pip install '.[cluster]'): no phones of a farm tested",
    ),
]


def states(farm: Farm) -> dict[str, set[str]]:
    """Of each device that the farm lists, on whatever node."""
    found: dict[str, set[str]] = {}
    rows: list[dict[str, Any]] = json.loads(
        invoke("devices", "--ray", farm.address, "--json").output
    )["devices"]
    for row in rows:
        found.setdefault(row["device"], set()).add(row["state"])
    return found


@pytest.fixture
def imported(home: Home, model: Path) -> str:
    invoke("import", str(model), "--name", "tiny")
    return "tiny"


def test_one_phone_is_pulled_and_the_other_goes_on(
    imported: str, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of any name, and by no variable of the shell.
    adb = tmp_path / "my-own"
    adb.symlink_to(adbs()[0])
    monkeypatch.setenv("BENCH_ADB", "/nowhere/adb")
    with (
        phone(serial="ONE") as one,
        two_nodes(tmp_path / "user", adb) as farm,
        phone(serial="TWO") as two,
    ):
        first, second = f"android:{one.address}", f"android:{two.address}"
        # One was there when the nodes joined, two came later.
        assert states(farm) == {"host": {"ready"}, first: {"ready"}, second: {"ready"}}
        few = ("--model", imported, *RUN, "--deadline", "3", "--sessions", "8")
        command = ("run", "--device", "android", "--all", "--ray", farm.address, *few)
        with running(bench_process(home, *command)) as process:
            assert process.stdout
            told = []
            for line in process.stdout:
                told.append(line)
                if "pass 2:" in line and first in line:
                    one.vanish()
            output = "".join(told)
        assert process.returncode == 3, output
        # Each of two nodes of one machine sees both phones, and one measures them.
        assert output.count("measured from") == 2, output
        assert states(farm)[first] == {"gone since its machine joined"}
        nothing_left(two)
        _interrupt(home, (*command, "--sessions", "200", "--max-sessions", "200"))
        assert children_left(farm) == []
        nothing_left(two)
    timed = [s.device.unit for s in read_all(home).sessions if s.timed]
    assert len(set(timed)) == 2
    counts = sorted(timed.count(unit) for unit in set(timed))
    assert counts[0] >= 2
    assert counts[1] >= 8


def _interrupt(home: Home, command: tuple[str, ...]) -> None:
    """Ctrl-C, once the first pass is over."""
    with running(bench_process(home, *command)) as process:
        assert process.stdout
        for line in process.stdout:
            if "pass 1:" in line:
                break
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "Traceback" not in told, told
