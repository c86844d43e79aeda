"""What `bench doctor` says of this machine, and of poorer ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from commands import bench_process, invoke

from devices.browser.site import why_not_built
from zoo.home import Home

ROOT = Path(__file__).parents[2]
ROADS = ["train", "export", "host", "android", "iphone", "browser", "data", "measuring"]
RUN = "import sys; sys.path += sys.argv.pop(1).split(':'); from bench.cli import main; main()"
HEAVY = ("torch", "torchvision", "tensorflow", "coremltools", "onnx", "litert_torch")


def found(output: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["road"], row["need"]): row for row in json.loads(output)}


def bare(folder: Path, *without: str) -> str:
    """A sys.path with all that is installed here but these packages."""
    site = Path(sysconfig.get_path("purelib"))
    for entry in site.iterdir():
        if entry.name.partition("-")[0].partition(".")[0] not in without:
            (folder / entry.name).symlink_to(entry)
    return f"{folder}:{ROOT}"


def doctor(path: str, *words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", "-c", RUN, path, "doctor", *words],
        env=os.environ | {"BENCH_HOME": str(home)},
        capture_output=True,
        text=True,
    )


def test_json_has_every_road_and_a_remedy_for_all_that_is_missing(home: Home) -> None:
    rows = json.loads(invoke("doctor", "--json").output)
    assert list(dict.fromkeys(row["road"] for row in rows)) == ROADS
    for row in rows:
        assert list(row) == ["road", "need", "ok", "found", "remedy"]
        assert row["found"]
        assert row["ok"] is not False or row["remedy"]
    pages = {row["road"]: row["ok"] for row in rows if row["need"] == "page"}
    assert pages == dict.fromkeys(("android", "iphone", "browser"), why_not_built() is None)


def test_the_table_ends_in_what_to_type_next(
    home: Home, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = invoke("doctor").output.splitlines()
    assert lines[-1].startswith("next: bench data ")
    invoke("data", "folder", str(portraits), "--name", "drawn")
    assert invoke("doctor").output.endswith("next: make zoo DATA=drawn\n")
    monkeypatch.chdir(tmp_path)
    output = invoke("doctor").output
    assert output.endswith("next: bench train --model 'mnv2_slim_unet_0.35_*' --data drawn\n")
    (home.dataset("drawn") / "dataset.json").write_text("{")
    broken = found(invoke("doctor", "--json").output)["data", "drawn"]
    assert broken["ok"] is False
    assert "dataset.json is broken" in broken["found"]


def test_nothing_heavy_is_imported_to_look(tmp_path: Path) -> None:
    done = doctor(bare(tmp_path), "--json", home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert found(done.stdout)["train", "torch"]["ok"]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "psutil" in imported
    assert not imported & set(HEAVY)


@pytest.mark.parametrize(
    ("without", "need", "status"),
    [
        (("torch",), "torch", 1),
        (("onnxscript",), "onnx", 0),
        (("onnxruntime", "ai_edge_litert"), "litert", 1),
    ],
)
def test_a_poorer_machine(tmp_path: Path, without: tuple[str, ...], need: str, status: int) -> None:
    done = doctor(bare(tmp_path, *without), home=tmp_path)
    assert done.returncode == status, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    missing, *_ = [number for number, words in enumerate(lines) if words[:2] == ["missing", need]]
    assert "not installed" in " ".join(lines[missing])
    assert lines[missing + 1] == [">", "make", "setup"]
    assert lines[-1] == ["next:", "make", "setup"]


def test_half_an_installation_is_no_traceback(tmp_path: Path) -> None:
    done = doctor(bare(tmp_path, "numpy"), home=tmp_path)
    assert done.returncode == 1
    assert "numpy is not installed" in done.stderr
    assert "make setup" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_that_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("BENCH_HOME", str(file))
    row = found(invoke("doctor", "--json", status=1).output)["train", "home"]
    assert row["ok"] is False
    assert "BENCH_HOME" in row["remedy"]


def test_an_empty_path_works(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("ANDROID_HOME", os.fsdecode(b"/no/\xff"))
    process = bench_process(home, "doctor", "--json")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    rows = found(output)
    for need in (("android", "adb"), ("browser", "Chromium"), ("browser", "Node")):
        assert rows[need]["ok"] is False
        assert rows[need]["found"].startswith("not on PATH")
        assert rows[need]["remedy"].startswith(("install it from ", "brew install "))
