"""A run on a phone, from the command to the report: real inference behind the real adb."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import TINY, bench_process, invoke
from phones import RUN, adbs, device, expected, nothing_left, phone, request
from tiny_tflite import HAIR, SIDE, write_free_side, write_tiny, write_two_signatures

from bench.sessions.store import read_all
from devices.emulated.phone import EmulatedPhone
from reports.load import load
from zoo.base.errors import SessionFailed
from zoo.home import Home

pytestmark = [
    pytest.mark.usefixtures("adb_server"),
    pytest.mark.skipif(not adbs(), reason="adb is not installed: phones not tested"),
]


@pytest.mark.adb_smoke
def test_from_the_command_to_the_store(home: Home, model: Path) -> None:
    with phone(manufacturer="google", model="Pixel 8") as one:
        invoke("run", str(model), "--device", "android", *RUN, "--sessions", "2")
        nothing_left(one)
    stored = read_all(home).sessions
    assert [s.plan.loop.mode for s in stored] == ["memory", "burst", "burst"]
    for session in stored:
        run = session.run
        assert run is not None, session.failure
        assert session.device.emulated
        assert run.program_sha256
        assert run.runtime_version == f"benchmark_model {run.program_sha256[:12]}"
        assert run.conditions_before["temperature_c"].value == 31.4
    memory, first, _ = stored
    assert memory.run is not None
    assert (memory.run.peak_memory_bytes or 0) > 10**7
    assert first.run is not None
    reported = first.run.series.reported or {}
    assert reported["runs"] >= 10
    assert reported["min_ms"] <= reported["p50_ms"] <= reported["max_ms"]
    shown = invoke("show", first.id).output
    assert "emulated google Pixel 8" in shown
    assert "p50" in shown


@pytest.mark.adb_smoke
def test_settings_are_put_back_and_nothing_is_left(home: Home, model: Path) -> None:
    with phone() as one:
        invoke("run", str(model), "--device", "android", *RUN, "--sessions", "1")
        puts = [line for line in one.log() if " put " in line]
        assert puts == [
            "settings put global stay_on_while_plugged_in 15",
            "settings put global stay_on_while_plugged_in 0",
        ]
        nothing_left(one)


@contextmanager
def measuring(home: Home, one: EmulatedPhone, model: Path) -> Iterator[subprocess.Popen[str]]:
    """A run whose session goes on for a minute, and is at it."""
    words = ("run", str(model), "--device", "android", *RUN, "--duration", "60")
    process = bench_process(home, *words)
    try:
        until = time.monotonic() + 60
        while not any("--min_secs=60" in line for line in one.running()):
            assert time.monotonic() < until
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.adb_smoke
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_ends_what_runs_and_puts_back(
    home: Home, model: Path, which: signal.Signals
) -> None:
    """By what is treated as Ctrl-C is; a test in the background could not send that."""
    if signal.getsignal(which) is signal.SIG_IGN:
        pytest.skip("begun by nohup, whose programs outlive their terminal")
    with phone() as one, measuring(home, one, model) as process:
        process.send_signal(which)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 130, output
        assert "1 sessions are stored" in output
        nothing_left(one)


def test_a_phone_is_measured_for_one_home_at_a_time_and_a_killed_run_put_right(
    home: Home, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", str(model), "--device", "android", *RUN, "--sessions", "1")
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "another"))
    with phone() as one:
        with measuring(home, one, model) as process:
            refused = invoke(*words, status=1).output
            assert "emulated bench stand-in (android-" in refused
            assert f"is in use by another command: process {process.pid}: bench run" in refused
            assert any("--min_secs=60" in line for line in one.running())
            process.kill()
        # Nobody holds it any longer; what the killed one left there goes on.
        assert one.running()
        invoke(*words)
        nothing_left(one)


def test_two_phones_are_measured_side_by_side(
    home: Home, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with phone() as one, measuring(home, one, model) as process:
        with phone(serial="EMULATED0002") as two:
            words = ("run", str(model), "--device", f"android:{two.address}", *RUN)
            # From the same home, and from another.
            for root in (home.root, tmp_path / "another"):
                monkeypatch.setenv("BENCH_HOME", str(root))
                invoke(*words, "--sessions", "1")
        assert process.poll() is None


def test_a_file_of_ones_own_is_fed_the_same_on_a_phone(home: Home, tmp_path: Path) -> None:
    """Its input has a colon in its name, and a side that nothing but the user knows."""
    path = write_free_side(tmp_path / "free.tflite")
    words = ("run", str(path), "--device", "android", *RUN, "--sessions", "1")
    fed = ("--input", "serving_default_x:0=1x16x16x3", "--input", "serving_default_x:0=-1..1")
    with phone() as one:
        assert "1x?x?x3" in invoke(*words, status=1).output
        invoke(*words, *fed)
        nothing_left(one)
        two = write_two_signatures(tmp_path / "two.tflite")
        refused = invoke("run", str(two), "--device", "android", *RUN, status=1).output
        assert "--device host --signature" in refused
        one.faults.add("litert-form")
        refused = invoke(*words, *fed, status=1).output
        assert "makes its inputs by itself" in refused
        plain = write_tiny(tmp_path / "plain.tflite")
        invoke("run", str(plain), *words[2:])
    stored = [s for s in read_all(home).sessions if s.timed]
    told = [text for session in stored for text in session.fed]
    assert told == [
        "serving_default_x:0 1x16x16x3 float32, noise -1..1 of seed 0",
        f"image 1x{SIDE}x{SIDE}x3 float32, values made by the program that ran it",
    ]


def test_an_imported_model_is_measured_and_named_in_the_report(drawn: Home, tmp_path: Path) -> None:
    name, file = "my_tiny", write_tiny(tmp_path / "theirs.tflite", layer=HAIR)
    invoke("import", str(file), "--name", name)
    invoke("eval", name, "--data", "drawn")
    words = ("run", "--model", name, "--device", "android", *RUN, "--sessions", "1")
    with phone() as one:
        invoke(*words, "--runtime", "litert", "--runtime", "litert-gpu")
        nothing_left(one)
        one.faults.add("litert-form")
        invoke(*words)
        nothing_left(one)
    rows = load(drawn).rows
    told = {(row.facet.runtime, *row.inputs) for row in rows}
    given, made = "noise 0..1", "values made by the program that ran it"
    shape = f"image 1x{SIDE}x{SIDE}x3 float32"
    assert told == {
        ("litert", f"{shape}, {given}"),
        ("litert-gpu", f"{shape}, {given}"),
        ("litert", f"{shape}, {made}"),
    }
    for row in rows:
        assert (row.model, row.origin, row.facet.device.emulated) == (name, "imported", True)
        assert row.joined.iou is not None
        assert row.joined.iou.value > 0.8
    assert name in invoke("report").output
    assert name in (drawn.report / "index.html").read_text()


def test_a_whole_zoo_model_is_compared_with_torch(elsewhere: Home) -> None:
    with phone() as one:
        invoke("run", "-m", TINY, "--device", "android", *RUN, "--sessions", "1")
        nothing_left(one)
    found = [s for s in read_all(elsewhere).sessions if s.device.kind == "android"]
    assert len(found) == 2
    for session in found:
        assert session.run is not None, session.failure
        # The fixture's network, trained for seconds, may find no hair to compare.
        unlike = session.run.conditions_before["pixels_unlike_torch"]
        assert "hardly any hair" in (unlike.reason or "") or float(unlike.value or 0) < 0.001
    (row,) = [r for r in load(elsewhere).rows if r.facet.device.kind == "android"]
    assert row.joined.iou is not None
    assert row.facet.device.emulated


@pytest.mark.adb_smoke
def test_the_masks_are_those_of_the_network(model: Path) -> None:
    asked = request(model, size=SIDE)
    with phone() as one, device(one, expect=expected) as found:
        with found.open(asked, model) as opened:
            assert opened.readings["pixels_unlike_torch"].value == 0.0
        one.faults.add("wrong-mask")
        other = asked.model_copy(update={"threads": 2})
        with pytest.raises(SessionFailed, match="differs from torch's in") as caught:
            found.open(other, model)
        assert caught.value.code == "wrong_mask"
        one.faults.clear()
        # Known by now, and not asked again.
        with pytest.raises(SessionFailed, match="differs from torch's in"):
            found.open(other, model)
    with (
        phone("not-finite") as one,
        device(one, expect=expected) as found,
        pytest.raises(SessionFailed, match="NaN"),
    ):
        found.open(asked, model)
