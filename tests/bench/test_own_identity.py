"""Two models are two models: by all that belongs to them, and by names that tell them apart."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from commands import invoke
from own_models import write_convolutions, write_external
from tiny_tflite import write_tiny

from bench.sessions.record import OwnFile
from bench.sessions.store import read_all
from bench.work.find import find
from bench.work.subject import Subject
from devices.browser.device import BrowserDevice
from devices.host.device import HostDevice
from reports.load import load
from reports.text.listing import literal
from zoo.base.errors import ArtifactError
from zoo.home import Home
from zoo.runtime.members import in_one_file, sha256_of_model, size_of_model

QUICK = ("--sessions", "1", "--max-sessions", "1", "--rounds", "4")


def folder_of(parent: Path, name: str, seed: int) -> Path:
    (parent / name).mkdir()
    return write_external(parent / name / "model.onnx", seed)


def test_weights_beside_the_graph_belong_to_the_model(home: Home, tmp_path: Path) -> None:
    one, other = folder_of(tmp_path, "one", 0), folder_of(tmp_path, "other", 1)
    assert one.read_bytes() == other.read_bytes()
    invoke("run", str(one), str(other), *QUICK)
    rows = load(home).rows
    assert {row.model for row in rows} == {"one/model.onnx", "other/model.onnx"}
    whole = size_of_model(one)
    assert whole == one.stat().st_size + (one.parent / "weights.bin").stat().st_size
    assert {row.joined.size_bytes for row in rows} == {whole}
    compared = invoke("compare", str(one), str(other), *QUICK).output
    assert "other/model.onnx" in compared
    assert "one/model.onnx" in compared
    again = ("run", str(one), *QUICK, "--resume")
    assert "every session is there already" in invoke(*again).output
    # Trained anew: another model, though no byte of the graph has changed.
    write_external(one, 2)
    assert "every session is there already" not in invoke(*again).output
    # On a busy machine the runs so far may have been under unlike loads.
    invoke("run", str(one), str(other), *QUICK)
    stored = json.loads(invoke("compare", str(one), str(other), "--stored", "--json").stdout)
    # What was measured of the weights of before is not among them.
    assert stored[0]["ratio"]["counts"][1] <= 2


def test_models_are_opened_where_links_lead(home: Home, tmp_path: Path) -> None:
    """As the caches of downloads keep them: links to files of other names."""
    whole = folder_of(tmp_path, "blobs", 0)
    (tmp_path / "snapshot").mkdir()
    link = tmp_path / "snapshot" / "model.onnx"
    for name in ("model.onnx", "weights.bin"):
        (whole.parent / name).rename(whole.parent / f"hash-of-{name}")
        (tmp_path / "snapshot" / name).symlink_to(f"../blobs/hash-of-{name}")
    invoke("run", str(link), *QUICK)
    assert all(session.failure is None for session in read_all(home).sessions)


@pytest.mark.parametrize("place", ["../weights.bin", "/etc/hostname", "C:\\w.bin", "link.bin", ""])
def test_a_graph_does_not_lead_out_of_its_folder(home: Home, tmp_path: Path, place: str) -> None:
    path = folder_of(tmp_path, "model", 0)
    shutil.copy(path.parent / "weights.bin", tmp_path / "weights.bin")
    (path.parent / "link.bin").symlink_to(tmp_path / "weights.bin")
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = place
    path.write_bytes(model.SerializeToString())
    output = invoke("run", str(path), *QUICK, status=1).output
    assert "outside of its folder" in output
    assert read_all(home).sessions == ()


def test_weights_inside_an_operator_count_and_missing_ones_are_named(tmp_path: Path) -> None:
    path = folder_of(tmp_path, "model", 0)
    before = sha256_of_model(path)
    (path.parent / "weights.bin").write_bytes(b"\0" * 9216)
    assert sha256_of_model(path) != before
    (path.parent / "weights.bin").unlink()
    with pytest.raises(ArtifactError, match="not beside it"):
        sha256_of_model(path)


def test_a_browser_is_given_one_file_by_the_command_it_is_told(tmp_path: Path, home: Home) -> None:
    path = folder_of(tmp_path, "it's here", 0)
    assert BrowserDevice.one_file
    device = HostDevice()
    device.one_file = True
    with pytest.raises(ArtifactError) as caught:
        find(home, device, Subject(what=path, runtime="onnxruntime"))
    assert caught.value.remedy == in_one_file(path)
    python, *rest = shlex.split(caught.value.remedy)
    assert python == "python"
    subprocess.run([sys.executable, *rest], check=True)
    found = find(
        home, device, Subject(what=path.with_name("whole-model.onnx"), runtime="onnxruntime")
    )
    assert found.own is not None
    assert found.own.size_bytes > 9216


def test_two_formats_of_one_network_are_compared(home: Home, tmp_path: Path) -> None:
    mine = write_convolutions(tmp_path / "mine.onnx", 1)
    lite = write_tiny(tmp_path / "mine.tflite")
    words = ("compare", str(mine), str(lite), *QUICK)
    refused = invoke(*words, status=1).output
    (line,) = [line for line in refused.splitlines() if "next:" in line]
    asked = shlex.split(line.partition("bench ")[2])
    assert asked[-2:] == ["--factor", "format"]
    compared = invoke(*asked, *QUICK).output
    assert "mine.tflite" in compared
    invoke(*asked, "--stored")
    same = invoke("compare", str(mine), str(mine), "--factor", "format", *QUICK, status=1).output
    assert "two formats" in same


def test_what_cannot_be_told_may_fail_a_build(home: Home, tmp_path: Path) -> None:
    one = write_convolutions(tmp_path / "one.onnx", 1)
    shutil.copy(one, tmp_path / "copy.onnx")
    # One pass gives no interval, so nothing is told.
    words = ("compare", str(one), str(tmp_path / "copy.onnx"), *QUICK, "--fail-if-slower", "5%")
    assert "cannot be told: copy.onnx" in invoke(*words).output
    invoke(*words, "--untold", "pass")
    invoke(*words, "--untold", "fail", status=5)
    invoke(*words[:-2], "--untold", "fail", status=2)


def test_a_name_is_a_name_and_no_markup(home: Home, tmp_path: Path) -> None:
    odd = "a|b*c*<i>_d_\x1b[31m.onnx"
    write_convolutions(tmp_path / odd, 1)
    printed = invoke("run", str(tmp_path / odd), *QUICK).output
    assert "\x1b[31m" not in printed
    table = invoke("report", "--format", "markdown").output
    (row,) = [line for line in table.splitlines() if ".onnx" in line and line.startswith("|")]
    (head,) = [line for line in table.splitlines() if line.startswith("| model")]
    assert "\x1b" not in table
    assert "a\\|b\\*c\\*\\<i>\\_d\\_" in row
    assert row.replace("\\|", "").count("|") == head.count("|")
    # What is no markup stays as it is.
    assert literal("a_0.5_224, 0.78 [0.77, 0.79]") == "a_0.5_224, 0.78 [0.77, 0.79]"


def test_of_a_path_no_more_is_kept_than_tells_apart(home: Home, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    path = write_convolutions(deep / "m.onnx", 1)
    invoke("run", str(path), *QUICK)
    assert {s.own for s in read_all(home).sessions} == {
        OwnFile(path="b/c/m.onnx", size_bytes=path.stat().st_size)
    }
    assert np.array_equal([row.model for row in load(home).rows], ["m.onnx"])
