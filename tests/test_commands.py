"""The command line, as its users meet it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import click
import numpy as np
import pytest
from commands import TINY, Chain, bench_process, invoke, timed_session
from drawn import portrait
from PIL import Image

from bench.cli import COMMANDS, cli
from bench.sessions.store import read_all
from zoo.artifact.manifest import Manifest, read_manifest, write_manifest
from zoo.export.targets import TARGETS
from zoo.home import Home
from zoo.registry import all_specs, get

ROOT = Path(__file__).parents[1]


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": command.commands[sub] for sub in command.commands}
        else:
            found[name] = command
    return found


@pytest.mark.parametrize("name", commands())
def test_help_is_complete_and_has_an_example(name: str) -> None:
    output = invoke(*name.split(), "--help").output
    assert f"bench {name}" in output.partition("Example:")[2]
    for option in commands()[name].params:
        if isinstance(option, click.Option) and option.name not in ("as_json", "help"):
            assert option.help or option.show_default, option.name


def test_models_lists_the_registry_and_what_exists(in_chain: Chain) -> None:
    rows = json.loads(invoke("models", "--json").output)
    assert [row["model"] for row in rows] == [spec.name for spec in all_specs()]
    (made,) = [row for row in rows if row["checkpoint"]]
    assert made["model"] == TINY
    assert made["sessions"] == 12
    assert sorted(made["artifacts"]) == [t.key for t in sorted(TARGETS, key=lambda t: t.key)]
    assert made["parameters"] == 235_929
    assert "drawn IoU" in invoke("models", "--model", "*0.35_128").output


def test_devices_tells_known_from_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    # No adb: a test of the host is not to leave a server behind.
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("ANDROID_HOME", raising=False)
    found = json.loads(invoke("devices", "--json").output)
    assert found["host"]["runtimes"]["onnxruntime"]["version"]
    for reading in found["host"]["conditions"].values():
        assert (reading["value"] is None) != (reading["reason"] is None)
    assert "not built" in found["by_page"]["iphone"]["road"]
    assert "no adb" in found["android"]["reason"]
    assert "apt install adb" in found["android"]["remedy"]


def test_show_prints_one_session(in_chain: Chain, tmp_path: Path) -> None:
    session = timed_session(in_chain.home)
    picture = tmp_path / "series.png"
    output = invoke("show", session.id[:8], "--plot", str(picture)).output
    assert session.id in output
    assert re.search(r"p50 +\d+\.\d+ ms \[", output)
    with Image.open(picture) as drawn:
        assert drawn.format == "PNG"
    shown = json.loads(invoke("show", session.id[:8], "--json").output)
    assert shown == json.loads(session.model_dump_json())


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert", "torch"])
def test_predict_tints_the_hair(in_chain: Chain, tmp_path: Path, runtime: str) -> None:
    photograph = tmp_path / "photo.jpg"
    image, mask = portrait(3, side=200)
    image.save(photograph, quality=95)
    output = invoke("predict", str(photograph), "-m", TINY, "--runtime", runtime).output
    written = tmp_path / f"photo.jpg.{TINY}.png"
    assert str(written) in output
    with Image.open(written) as tinted, Image.open(photograph) as plain:
        changed = (np.asarray(tinted) != np.asarray(plain)).any(axis=2)
    labelled = (np.asarray(mask) == (255, 0, 0)).all(axis=2)
    assert (changed & labelled).sum() / (changed | labelled).sum() > 0.5
    again = invoke("predict", str(photograph), "-m", TINY, "--runtime", runtime, status=1)
    assert "--force" in again.output


def test_predict_takes_the_file_that_is_there(elsewhere: Home, tmp_path: Path) -> None:
    spec = get(TINY)
    artifacts = read_manifest(elsewhere, spec).artifacts
    kept = {key: one for key, one in artifacts.items() if one.format == "tflite"}
    write_manifest(elsewhere, spec, Manifest(model=TINY, artifacts=kept))
    photograph = tmp_path / "photo.jpg"
    portrait(3, side=200)[0].save(photograph)
    assert "is hair" in invoke("predict", str(photograph), "-m", TINY).output
    write_manifest(elsewhere, spec, Manifest(model=TINY, artifacts={}))
    none = invoke("predict", str(photograph), "-m", TINY, "--force", status=1).output
    assert "has no fp32 onnx file" in none


def test_run_measures_what_is_missing_only(in_chain: Chain) -> None:
    words = ("run", "-m", TINY, "--sessions", "6", "--max-sessions", "6", "--rounds", "4")
    before = len(read_all(in_chain.home).sessions)
    assert "every session is there already" in invoke(*words, "--resume").output
    assert len(read_all(in_chain.home).sessions) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "-m", "mnv2_slim_unet_0.5_225"), "nearest: 224 and 256"),
        (("run", "-m", "nothing*"), "bench models"),
        (("run", "-m", TINY, "--device", "iphon"), "nearest: iphone"),
        (("run", "-m", TINY, "--runtime", "coreml"), "macOS"),
        (("train", "-m", TINY, "--data", "lfw"), "bench data lfw"),
        (("export", "-m", TINY), "bench train"),
        (("show", "abc"), "unknown session"),
        (("predict", "missing.jpg", "-m", TINY), "does not exist"),
    ],
)
def test_a_mistake_gets_one_clear_message(home: Home, words: tuple[str, ...], told: str) -> None:
    output = invoke(*words, status=1).output
    assert told in output
    assert "Traceback" not in output


def test_the_program_itself_runs(home: Home) -> None:
    process = bench_process(home, "models", "-m", "*0.35_128")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert TINY in output


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in phony[1].split():
        assert f"make {target}" in shown.stdout


def test_the_readme_names_what_there_is() -> None:
    text = (ROOT / "README.md").read_text()
    known = commands()
    for line in re.findall(r"^ *(?:\$ )?bench +(.*)$", text, re.MULTILINE):
        words = line.split()
        assert words[0] in known or " ".join(words[:2]) in known, line
    names = {spec.name for spec in all_specs()}
    assert set(re.findall(r"mnv2_slim_unet_\d\.\d+_\d+", text)) <= names


def test_the_pages_show_the_stored_figures() -> None:
    text = "".join(path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    blocks = re.findall(r"<!-- begin (\S+) -->\n(.*?)<!-- end \1 -->", text, re.DOTALL)
    assert blocks
    for name, shown in blocks:
        assert shown.strip() == (ROOT / name).read_text().strip(), name
