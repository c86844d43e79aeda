"""What a phone and its program are asked for, and the forms of what they tell."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from commands import invoke
from phones import QUICK, RUN, adbs, device, expected, nothing_left, phone, request
from tiny_tflite import SIDE, write_tiny

from bench.sessions.store import read_all
from bench.statistics.verdict import verdict
from devices.android.run.flags import loop_flags
from devices.records import Loop
from reports.load import load
from zoo.base.errors import DeviceError
from zoo.base.files import sha256_of
from zoo.home import Home

pytestmark = [
    pytest.mark.usefixtures("adb_server"),
    pytest.mark.skipif(not adbs(), reason="adb is not installed: phones not tested"),
]


@pytest.mark.parametrize("form", [(), ("litert-form",)])
def test_a_gpu_takes_the_model_whole_or_in_part(model: Path, form: tuple[str, ...]) -> None:
    asked = request(model, "litert-gpu")
    with phone(*form) as one, device(one) as found:
        assert found.runtimes()["litert-gpu"] is None
        with found.open(asked, model) as opened:
            assert opened.whole(QUICK)
            assert opened.fallback is None
        one.faults.add("partial")
        other = asked.model_copy(update={"threads": 2})
        with found.open(other, model) as opened:
            assert opened.whole(QUICK)
            assert opened.fallback == "1 of 2 nodes on the CPU"


def test_the_report_says_emulated_and_what_was_partly_on_the_cpu(home: Home, model: Path) -> None:
    words = ("run", str(model), "--device", "android", "--runtime", "litert-gpu", *RUN)
    with phone() as one:
        invoke(*words, "--sessions", "1")
        one.faults.add("partial")
        invoke(*words, "--sessions", "1")
    whole, partial = sorted(load(home).rows, key=lambda row: row.facet.partial)
    assert not whole.facet.partial
    assert whole.facet.title.startswith("EMULATED emulated bench stand-in")
    assert "PARTLY ON THE CPU" in partial.facet.title
    assert whole.facet != partial.facet
    invoke("report")
    page = (home.report / "index.html").read_text()
    assert "EMULATED" in page
    assert "PARTLY ON THE CPU" in page


def test_the_newer_tool_measures_but_gives_no_output(model: Path) -> None:
    asked = request(model, size=SIDE)
    with phone("litert-form") as one, device(one, expect=expected) as found:
        assert "vendor" in str(found.runtimes()["litert-npu"])
        with found.open(asked, model) as opened:
            assert opened.readings["pixels_unlike_torch"].value is None
            series = opened.whole(QUICK)
            assert series
            assert (series.reported or {})["p50_ms"] > 0


@pytest.mark.parametrize("form", ["old-log", "logcat", "new-log", "no-statistics", "old-shell"])
def test_other_forms_of_output(model: Path, form: str) -> None:
    with phone(form) as one, device(one) as found, found.open(request(model), model) as opened:
        series = opened.whole(QUICK)
        assert series
        assert (series.reported or {})["runs"] >= 10


def test_a_phone_whose_serial_holds_blanks(home: Home, model: Path, tmp_path: Path) -> None:
    """As one paired by Wi-Fi. The protocol gives a phone at a port no such name, so a program
    before the real adb does."""
    serial = "adb-AB12 (2)._adb-tls-connect._tcp"
    before = tmp_path / "adb"
    with phone() as one:
        before.write_text(
            f"""#!/bin/sh
if [ "$1" = -s ]; then
    [ "$2" = '{serial}' ] || exit 9
    shift 2
    exec {adbs()[0]} -s {one.address} "$@"
fi
{adbs()[0]} "$@" | sed 's/^{one.address} */{serial} /'
"""
        )
        before.chmod(0o755)
        listed = json.loads(invoke("devices", "--adb", str(before), "--json").output)
        [typed] = [r["next"] for r in listed["devices"] if r["device"] == f"android:{serial}"]
        words = shlex.split(typed.replace("--model NAME", ""))[1:]
        invoke(*words, str(model), "--adb", str(before), *RUN, "--sessions", "1")
        nothing_left(one)
    assert all(session.run for session in read_all(home).sessions)


def test_cadence_and_length_are_the_tools_own(model: Path) -> None:
    assert "--run_frequency=30.03" in loop_flags(Loop(mode="cadence", period_ms=33.3, limit_s=2))
    assert "--num_runs=1" in loop_flags(Loop(mode="sustained", limit_s=60))
    with pytest.raises(DeviceError):
        loop_flags(Loop(frame=(640, 480)))
    slow = Loop(mode="cadence", period_ms=50, min_samples=10, limit_s=0.5, max_warmup=0)
    with phone() as one, device(one) as found, found.open(request(model), model) as opened:
        series = opened.whole(slow)
        assert series
        assert 9 <= (series.reported or {})["runs"] <= 12


def test_cores_and_steady_clocks_are_part_of_the_name(home: Home, model: Path) -> None:
    words = ("run", str(model), "--device", "android", *RUN, "--sessions", "1")
    with phone() as one:
        invoke(*words, "--cores", "1", "--fixed-performance")
        assert "cmd power set-fixed-performance-mode-enabled true" in one.log()
        assert one.log()[-1] == "cmd power set-fixed-performance-mode-enabled false"
        nothing_left(one)
    (session, *_) = [s for s in read_all(home).sessions if s.timed]
    assert session.device.name.endswith(", cores 1, fixed performance")
    with phone(steady=False) as one:
        refused = invoke(*words, "--fixed-performance", status=1).output
        assert "does not take --fixed-performance: Failed to set" in refused
        nothing_left(one)
    assert "a mask such as f0" in invoke(*words, "--cores", "lots", status=2).output
    assert "--device android" in invoke("run", str(model), "--cores", "big", status=2).output


def test_verdicts_of_what_a_program_reports(home: Home, model: Path) -> None:
    with phone():
        invoke("run", str(model), "--device", "android", *RUN, "--sessions", "1")
    session = [s for s in read_all(home).sessions if s.timed][-1]
    value = json.loads(session.model_dump_json())
    value["run"]["series"]["reported"] |= {"p5_ms": 0.9, "p50_ms": 1.0, "p95_ms": 1.3}
    assert verdict(type(session).model_validate(value)).label == "noisy"
    value["run"]["series"]["reported"]["p95_ms"] = 1.1
    assert verdict(type(session).model_validate(value)).label == "steady"
    value["run"]["conditions_during"] = [{"thermal_status": {"value": 2}}]
    assert verdict(type(session).model_validate(value)).label == "throttled"


def test_two_files_of_one_run_share_a_reference(home: Home, tmp_path: Path) -> None:
    light, heavy = write_tiny(tmp_path / "a.tflite"), write_tiny(tmp_path / "b.tflite", 40)
    with phone():
        words = ("run", str(light), str(heavy), "--device", "android", *RUN, "--sessions", "1")
        invoke(*words)
        assert invoke(*words, "--resume").output.startswith("every session is there already")
    timed = [s for s in read_all(home).sessions if s.timed]
    references = {s.request.model: s.reference for s in timed}
    assert references["a.tflite"] is None
    assert references["b.tflite"] is not None
    assert {s.request.artifact_sha256 for s in timed} == {sha256_of(light), sha256_of(heavy)}


def test_operators_have_times_of_their_own(home: Home, model: Path, tmp_path: Path) -> None:
    picture = tmp_path / "profile.png"
    words = ("profile", str(model), "--device", "android", "--plot", str(picture))
    with phone() as one:
        output = invoke(*words).output
        assert "CONV_2D" in output
        assert output.startswith("EMULATED, shares made up: tiny.tflite as given on ")
        rows = json.loads(invoke(*words, "--json").output)["operators"]
        nothing_left(one)
        assert [row["kind"] for row in rows] == ["CONV_2D", "LOGISTIC"]
        assert sum(row["share"] for row in rows) == pytest.approx(1)
        assert picture.stat().st_size > 1000
        one.faults.add("litert-form")
        assert "no times by operator" in invoke(*words, status=1).output
    assert "phones only" in invoke("profile", str(model), status=1).output
