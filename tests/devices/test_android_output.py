"""What benchmark_model prints and writes: public logs of many builds, and what else may come."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.android.adb.conditions import readings
from devices.android.run.job import Done
from devices.android.run.outcome import judge
from devices.android.run.output import parse_output
from devices.android.run.result import parse_result
from devices.emulated import benchmark_model as stand_in
from zoo.base.errors import SessionFailed

pytestmark = pytest.mark.adb_smoke

# Figures and wording as users posted them; only the lines that matter here, retyped.
# tensorflow/tensorflow#58379, November 2022, on a PC.
OF_2022 = """
STARTING!
Use gpu: [1]
INFO: Created TensorFlow Lite delegate for GPU.
INFO: Created 1 GPU delegate kernels.
Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.
Initialized session in 10115.4ms.
count=20 first=31530 curr=28680 min=27679 max=31530 avg=28473 std=769
"""
# tensorflow/tensorflow#43541, 2020, an Android phone's GPU.
OF_2020 = """
STARTING!
INFO: Created 1 GPU delegate kernels.
Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.
The input model file size (MB): 7.07479
Initialized session in 870.557ms.
count=4 first=130565 curr=120829 min=117370 max=130565 avg=122373 std=4930

count=50 first=119212 curr=118055 min=113737 max=124776 avg=119375 std=1948

Inference timings in us: Init: 870557, First inference: 130565, Warmup (avg): 122373
"""
NOT = "the model graph will not be executed by the delegate."
# tensorflow/tensorflow#56301, 2022, by logcat.
LOGCAT = f"""
05-31 10:31:13.022 21767 21767 I tflite  : Log parameter values verbosely: [0]
05-31 10:31:13.157 21767 21767 I tflite  : Though NNAPI delegate is explicitly applied, {NOT}
"""
# mlcommons/mobile_app_open#1134, July 2026, the tool of LiteRT 2.
NEWER = """
========== BENCHMARK RESULTS ==========
INFO: [benchmark_litert_model.h:92] Signature name:       prefill_1024
INFO: [benchmark_litert_model.h:94] Model initialization: 23744.73 ms
INFO: [benchmark_litert_model.h:98] Warmup (avg):         7441.04 ms (1 runs)
INFO: [benchmark_litert_model.h:100] Inference (avg):      7430.20 ms (10 runs)
"""


def test_public_logs() -> None:
    old = parse_output(OF_2020)
    assert old.warm_up
    assert old.measured
    assert (old.warm_up.count, old.measured.count, old.measured.mean_us) == (4, 50, 119375)
    assert old.accelerated == "whole"
    only_warm = parse_output(OF_2022)
    assert only_warm.warm_up
    assert only_warm.warm_up.values["first"] == 31530
    assert only_warm.measured is None
    assert parse_output(LOGCAT).accelerated == "none"
    partly = "INFO: the model graph will be partially executed by the delegate w/ 2 kernels.\n"
    assert parse_output(partly).accelerated == "partly"
    # The newer tool prints the statistics by the same code; its own summary is not needed.
    assert parse_output(NEWER).measured is None


PREFIXES = (
    "",
    "INFO: ",
    "11-25 20:15:02.123  4242  4242 I tflite  : ",
    # google-ai-edge/LiteRT#2013, 2025.
    "I0000 00:00:1689520440.064678   15029 run_model.cc:150] ",
    "I/tflite  ( 4242): ",
    "[2026-11-28T12:00:00Z][info]",
    "\x1b[32mINFO\x1b[0m ",
)


@pytest.mark.parametrize(
    ("line", "mean"),
    [
        ("count=1 curr=11034", 11034),
        ("count=3 curr=7 (all same)", 7),
        ("count=91 first=1 curr=2 min=1 max=3 avg=1.11502e+06 std=150", 1_115_020),
        ("count=5 first=1 curr=1 min=1 max=1 avg=1.5 std=0 p5=1 median=1 p95=2", 1.5),
    ],
)
def test_lines_of_statistics(line: str, mean: float) -> None:
    for prefix in PREFIXES:
        text = f"{prefix}count=0\r\n\r\n{prefix}{line}\r\n"
        found = parse_output(text).measured
        assert found
        assert found.mean_us == mean


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("290 out of 290 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 1", 290),
        ("70 out of 70 node(s) with delegate (LITERT_CL) node, yielding 1", 70),
        ("64 out of 70 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 3", None),
    ],
)
def test_what_an_accelerator_took(line: str, taken: int | None) -> None:
    text = f"INFO: Replacing {line} partitions for subgraph 0 (main)."
    found = parse_output(text).delegated
    assert [one.taken for one in found] == ([taken] if taken else [])


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=200))
def test_what_the_stand_in_prints_and_writes_is_read_back(values: list[int]) -> None:
    text = f"INFO: count=0\nINFO: {stand_in.statistics_text(values)}\n"
    found = parse_output(text).measured
    assert found
    assert found.count == len(values)
    assert found.mean_us == pytest.approx(sum(values) / len(values), rel=1e-5)
    flags = {"report_peak_memory_footprint": False, "graph": __file__}
    result = parse_result(stand_in.result(1234, values[:1], values, flags))
    assert (result.runs, result.warmup_runs, result.peak_mb) == (len(values), 1, None)
    assert result.latencies_ms["p50_ms"] == pytest.approx(sorted(values)[len(values) // 2] / 1000)
    assert result.latencies_ms["first_ms"] == pytest.approx(values[0] / 1000)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60))
def test_a_line_may_begin_with_anything(prefix: str) -> None:
    lines = [
        "count=4 first=9 curr=8 min=8 max=9 avg=8.5 std=0",
        "count=50 first=7 curr=7 min=6 max=8 avg=7.25 std=0",
        "Replacing 3 out of 4 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 2 "
        "partitions for subgraph 0 (main).",
        "Unconsumed cmdline flags: --use_gpu=true",
        "Failed to apply GPU delegate.",
    ]
    plain = parse_output("\n".join(lines))
    assert plain.measured
    assert len(plain.failures) == 2
    assert parse_output("\n".join(f"{prefix} {line}" for line in lines)) == plain


def done(log: str, data: bytes, status: int = 0) -> Done:
    files = {"result.pb": data}
    return Done(status=status, log=log, over_limit=False, files=files, watched=())


def test_the_result_file_counts_where_the_text_cannot_be_read() -> None:
    values = [900, 1000, 1100]
    flags = {"report_peak_memory_footprint": False, "graph": __file__}
    whole = stand_in.result(10, values, values, flags)
    assert judge(done("a later build's own words", whole)).result.runs == 3
    with pytest.raises(SessionFailed, match="no run"):
        judge(done("", stand_in.result(10, values, values, flags)[:-4] + b"\x10\x00\x18\x03"))
    for log in ("count=0\ncount=3 curr=1200", "count=0\ncount=4 first=1 curr=1 avg=1000"):
        with pytest.raises(SessionFailed, match="disagree"):
            judge(done(log, whole))


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("Unconsumed cmdline flags: --num_threads=1", 0, "parse_error"),
        ("Didn't find op for builtin opcode 'RESIZE_BILINEAR' version '4'.", 1, "model_rejected"),
        ("GPU acceleration is unsupported on this platform.", 1, "partial_accel"),
        ("Failed to load model /data/local/tmp/x", 1, "model_rejected"),
        ("Benchmarking failed.", 1, "crashed"),
    ],
)
def test_failures_are_told_apart(prefix: str, line: str, status: int, code: str) -> None:
    with pytest.raises(SessionFailed) as caught:
        judge(done(f"STARTING!\n{prefix}{line}\n", b"", status))
    assert caught.value.code == code
    assert line[:12] in caught.value.reason


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_of_results(data: bytes) -> None:
    try:
        found = parse_result(data)
    except ValueError:
        return
    assert all(math.isfinite(value) for value in found.latencies_ms.values())


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 150), st.binary(min_size=1, max_size=3))
def test_a_damaged_result_never_passes_for_another(place: int, put: bytes) -> None:
    """Held against the text, which it must agree with."""
    values = [900, 1000, 1100]
    flags = {"report_peak_memory_footprint": False, "graph": __file__}
    good = stand_in.result(10, values, values, flags)
    bad = good[:place] + put + good[place + len(put) :]
    log = f"INFO: count=0\nINFO: {stand_in.statistics_text(values)}\n"

    assert judge(done(log, good)).result.latencies_ms["p50_ms"] == 1.0
    try:
        found = judge(done(log, bad)).result
    except SessionFailed:
        return
    assert found.runs == 3
    assert found.latencies_ms["mean_ms"] == pytest.approx(1.0, rel=0.01)


@settings(deadline=None)
@given(st.text(max_size=500))
def test_no_text_breaks_the_readers(text: str) -> None:
    parse_output(text)
    readings(text)
    for section in ("thermal", "battery", "clocks", "uptime"):
        readings(f"@{section}\n{text}")
