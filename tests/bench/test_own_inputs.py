"""What a file of one's own is fed is asked for, checked, stored and shown."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from own_models import write_free_shape, write_log, write_not_a_number, write_two_inputs
from tiny_tflite import write_free_side, write_two_signatures

from bench.sessions.record import Session
from bench.sessions.store import read_all
from reports.gather.unmeasured import run_command
from reports.load import load
from zoo.home import Home

QUICK = ("--sessions", "1", "--max-sessions", "1", "--rounds", "4")


def timed(home: Home) -> list[Session]:
    stored = read_all(home).sessions
    assert all(session.failure is None for session in stored), stored[0].failure
    return [session for session in stored if session.timed]


def proposed(output: str) -> list[str]:
    """The words of the command that an error gives as an example."""
    (line,) = [line for line in output.splitlines() if "for example: bench " in line]
    return shlex.split(line.partition("for example: bench ")[2])


@pytest.mark.parametrize(
    ("write", "name", "asked"),
    [
        (write_two_inputs, "two.onnx", ["batchx3x8x8", "uint8", "index holds int64"]),
        (write_free_shape, "free.onnx", ["1x3xheightxwidth"]),
        (write_free_side, "free.tflite", ["serving_default_x:0", "1x?x?x3"]),
    ],
)
def test_what_cannot_be_known_is_asked_for_with_a_command_that_works(
    home: Home, tmp_path: Path, write: Callable[[Path], Path], name: str, asked: list[str]
) -> None:
    path = write(tmp_path / name)
    output = invoke("run", str(path), status=1).output
    assert all(word in output for word in asked), output
    assert read_all(home).sessions == ()
    invoke(*proposed(output), *QUICK)
    (session,) = timed(home)
    for feed in session.request.inputs:
        assert feed.text in invoke("show", session.id).output
        assert feed.text in invoke("report", "--format", "markdown").output.replace("\\", "")


def test_shape_values_and_a_file_are_fed_as_given(home: Home, tmp_path: Path) -> None:
    path = write_two_inputs(tmp_path / "two.onnx")
    picture = np.full((4, 3, 8, 8), 7, np.uint8)
    np.save(tmp_path / "p.npy", picture)
    words = ("--input", f"picture={tmp_path}/p.npy", "--input", "index=[1]", "--input", "index=2")
    invoke("run", str(path), *words, *QUICK)
    (session,) = timed(home)
    fed, index = session.request.inputs
    assert (fed.shape, fed.dtype, fed.low, fed.high) == ((4, 3, 8, 8), "uint8", 7, 7)
    assert (index.shape, index.values, index.low) == ((1,), "constant", 2)
    # The values stay: a session can be made again when the file has gone.
    assert np.array_equal(np.load(home.inputs / f"{fed.sha256}.npy"), picture)
    invoke("run", str(path), *words, *QUICK, "--resume")
    assert len(timed(home)) == 1
    # Fed otherwise it is another row, and its name says so.
    invoke(
        "run", str(path), "--input", "picture=1x3x8x8", *words[2:], "--input", "picture=0", *QUICK
    )
    names = [row.model for row in load(home).rows]
    assert len(set(names)) == 2
    assert any("1x3x8x8" in name for name in names)


def test_what_does_not_fit_is_refused(home: Home, tmp_path: Path) -> None:
    path = write_two_inputs(tmp_path / "two.onnx")
    whole, wide = tmp_path / "whole.npy", tmp_path / "wide.npy"
    np.save(whole, np.zeros((1, 3, 9, 8), np.uint8))
    np.save(wide, np.zeros((1, 3, 8, 8), np.float64))
    evil = tmp_path / "evil.npy"
    np.save(evil, np.array([{}], dtype=object), allow_pickle=True)
    huge = tmp_path / "huge.npy"
    with huge.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 3, 8, 8)}
        np.lib.format.write_array_header_1_0(stream, header)
    index = ("--input", "index=0")
    for words, told in [
        ((f"picture={whole}",), "cannot be 1x3x9x8"),
        ((f"picture={evil}",), "holds object"),
        ((f"picture={huge}",), "cannot be read"),
        (("picture=1x3x8x8", "picture=0..300"), "does not hold 0..300"),
        (("picture=1x3x8x9", "picture=0"), "cannot be 1x3x8x9"),
        (("picture=big",), "says nothing"),
        (("picture=1x3x8x8", "picture=0", "pictures=0"), "unknown input 'pictures'"),
    ]:
        given = [word for each in words for word in ("--input", each)]
        assert told in invoke("run", str(path), *given, *index, *QUICK, status=1).output
    output = invoke("run", str(path), "--input", f"picture={wide}", *index, status=1).output
    (line,) = [line for line in output.splitlines() if "next:" in line]
    python, *rest = shlex.split(line.partition("next:")[2])
    assert python == "python"
    subprocess.run([sys.executable, *rest], check=True)
    invoke("run", str(path), "--input", f"picture={tmp_path}/uint8-wide.npy", *index, *QUICK)
    assert len(timed(home)) == 1


def test_one_of_several_signatures_is_chosen(home: Home, tmp_path: Path) -> None:
    path = write_two_signatures(tmp_path / "two.tflite")
    output = invoke("run", str(path), status=1).output
    assert "2 signatures: mask, half" in output
    assert "--signature mask" in output
    for name, side in (("half", 16), ("mask", 32)):
        invoke("run", str(path), "--signature", name, *QUICK)
        session = timed(home)[-1]
        assert session.request.signature == name
        assert session.request.inputs[0].shape == (1, side, side, 3)
    assert sorted(row.model for row in load(home).rows) == [
        "two.tflite (half; x 1x16x16x3 float32, noise 0..1)",
        "two.tflite (mask; x 1x32x32x3 float32, noise 0..1)",
    ]
    assert "unknown signature" in invoke("run", str(path), "--signature", "no", status=1).output


def test_what_was_said_of_inputs_stays_in_every_command_that_is_proposed(
    home: Home, tmp_path: Path
) -> None:
    """As pasted: by what is typed, by what a session stores, and for files of unlike formats."""
    folder = tmp_path / "it's mine"
    folder.mkdir()
    path, lite = write_two_inputs(folder / "two.onnx"), write_free_side(folder / "free.tflite")
    np.save(folder / "p.npy", np.full((1, 3, 8, 8), 7, np.uint8))
    words = ("--input", f"picture={folder}/p.npy", "--input", "index=[1]", "--input", "index=2")
    size = ("--input", "serving_default_x:0=1x32x32x3", "--input", "serving_default_x:0=0..0.1")

    def pasted(text: str, *more: str) -> None:
        (line,) = [line for line in text.splitlines() if "bench " in line]
        command = line.partition("bench ")[2].partition(", or leave")[0]
        invoke(*(str(path) if word == "FILE" else word for word in shlex.split(command)), *more)

    by_runtime = ("compare", str(path), str(path), *words, "--threads", "1", "--threads", "2")
    pasted(invoke(*by_runtime, "--stored", status=1).output, *QUICK)
    (first,) = timed(home)
    # Short of sessions: the same, from what was stored; so it goes on from the first.
    weak = json.loads(invoke("check", first.id, "--json", status=3).stdout)["warnings"]
    (proposed,) = [one["remedy"] for one in weak if "give no interval" in one["seen"]]
    pasted(proposed, "--max-sessions", "6", "--rounds", "4")
    assert len(timed(home)) == 6
    assert len({session.request for session in timed(home)}) == 1
    (row,) = load(home).rows
    pasted(run_command(row).replace("inputs/", f"{home.root}/inputs/"), "--resume", *QUICK)
    assert len(timed(home)) == 6
    unlike = invoke("compare", str(path), str(lite), *words, *size, status=1).output
    pasted(unlike, *QUICK)
    fed = {session.request.inputs for session in timed(home)}
    assert len(fed) == 2
    two = write_two_signatures(folder / "signed.tflite")
    pasted(invoke("run", str(two), "--input", "x=-1..1", status=1).output, *QUICK)
    assert timed(home)[-1].request.signature == "mask"
    assert timed(home)[-1].request.inputs[0].low == -1


def test_infinity_is_a_warning_and_nan_a_failure_with_its_remedy(
    home: Home, tmp_path: Path
) -> None:
    invoke("run", str(write_log(tmp_path / "log.onnx")), *QUICK)
    timed(home)
    assert "8 values of its outputs are infinite" in invoke("check", "last", status=3).output
    told = invoke("run", str(write_not_a_number(tmp_path / "nan.onnx")), *QUICK, status=3).output
    assert "NaN" in told
    failure = read_all(home).sessions[-1].failure
    assert failure is not None
    # As the child process said it.
    assert failure.next
    assert failure.next in told
    last = read_all(home).sessions[-1].id
    assert failure.next in invoke("show", last).output
    assert failure.next in invoke("check", last, "--json", status=3).stdout


def test_a_session_from_before_inputs_were_stored_is_read(home: Home, tmp_path: Path) -> None:
    invoke("run", str(write_log(tmp_path / "log.onnx")), *QUICK)
    for path in home.results.glob("*/*.json"):
        stored = json.loads(path.read_bytes())
        stored["schema_version"] = 3
        del stored["own"], stored["request"]["inputs"], stored["request"]["signature"]
        path.write_text(json.dumps(stored))
    (session,) = timed(home)
    assert "older" not in session.protocol
    assert "not stored" in invoke("show", session.id).output
    assert [row.model for row in load(home).rows] == ["log.onnx"]


def test_stored_sessions_of_other_inputs_are_not_compared(home: Home, tmp_path: Path) -> None:
    one, other = (write_free_shape(tmp_path / name) for name in ("one.onnx", "other.onnx"))
    small, large, values = "x=1x3x32x32", "x=1x3x64x64", f"x={tmp_path}/values.npy"
    np.save(tmp_path / "values.npy", np.ones((1, 3, 32, 32), np.float32))
    for given in (small, values):
        invoke("run", str(one), "--input", given, *QUICK)
    invoke("run", str(one), str(other), "--input", large, *QUICK)
    stored = ("compare", str(one), str(other), "--stored", "--input")
    for given in (small, values):
        refused = invoke(*stored, given, status=1).output
        assert "no session of other.onnx that counts is stored" in refused
        assert f"--input {given}" in refused
    assert "other.onnx" in invoke(*stored, large).output
