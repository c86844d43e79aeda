"""Whatever goes wrong with a phone: its code, its message, nothing lost and nothing left behind."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import bench_process, invoke
from phones import QUICK, RUN, adbs, device, nothing_left, phone, request, server
from tiny_tflite import write_tiny

from bench.record import Session
from bench.store import read_all
from devices.android.client import Adb
from devices.android.discovery import choose
from devices.emulated.phone import EmulatedPhone
from zoo.errors import DeviceError
from zoo.files import Home

pytestmark = pytest.mark.skipif(not adbs(), reason="adb is not installed: phones not tested")
ROUNDS = int(os.environ.get("BENCH_PHONE_RUNS", "4"))
DEADLINE = ("--deadline", "2")
# What a run of few sessions may take at most here, whatever happens to the phone in it.
LONGEST_S = 240


@pytest.fixture(scope="module", autouse=True)
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with server(adbs()[0], tmp_path_factory.mktemp("adb") / "home"):
        yield


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "tiny.tflite")


def run(one: EmulatedPhone, model: Path, *words: str, status: int = 0) -> str:
    name = f"android:{one.address}"
    return invoke(
        "run", str(model), "--device", name, *RUN, *DEADLINE, *words, status=status
    ).output


def sessions(home: Home) -> list[Session]:
    return list(read_all(home).sessions)


# Of one session: it is stored as failed with its code, the rest goes on, and the status is 3.
OF_A_SESSION = [
    ("silent", "timeout", "did not end within"),
    ("chatty", "timeout", "did not end within"),
    ("crash", "crashed", "SIGSEGV"),
    ("out-of-memory", "out_of_memory", "out of memory"),
    ("rejected", "model_rejected", "Didn't find op"),
    ("truncated", "parse_error", "not whole"),
    ("no-result", "parse_error", "not whole"),
    ("disagree", "parse_error", "disagree"),
    ("stale", "stale_result", "another"),
]


@pytest.mark.parametrize(("fault", "code", "told"), OF_A_SESSION)
def test_a_session_fails_and_what_was_measured_stays(
    home: Home, model: Path, fault: str, code: str, told: str
) -> None:
    with phone() as one:
        run(one, model, "--sessions", "1")
        before = sessions(home)
        assert all(s.run is not None for s in before)
        one.faults.add(fault)
        started = time.monotonic()
        output = run(one, model, "--sessions", "2", "--max-sessions", "2", "--resume", status=3)
        assert time.monotonic() - started < LONGEST_S
        assert told in output
        nothing_left(one)
    after = sessions(home)
    assert [s for s in after if s.run is not None] == before
    (lost,) = [s for s in after if s.run is None]
    assert lost.failure is not None
    assert lost.failure.code == code
    assert told in lost.failure.reason
    if code not in ("timeout", "stale_result"):
        assert lost.failure.log
        assert "log" in invoke("show", lost.id).output


def test_no_gpu_is_told_and_the_cpu_is_named(home: Home, model: Path) -> None:
    with phone("no-gpu") as one:
        run(one, model, "--sessions", "1", "--runtime", "litert-gpu", status=3)
        nothing_left(one)
    failures = {(s.failure.code, s.failure.reason) for s in sessions(home) if s.failure}
    assert failures == {("partial_accel", "GPU acceleration is unsupported on this platform.")}


# Of the phone: no session would go better, so the run ends with one message and the status 1.
@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        ("full", "disk_full", "No space left on device"),
        ("wrong-abi", "wrong_abi", "which flags it has"),
        ("corrupt", "push_corrupt", "came out otherwise"),
        ("unauthorized", "unauthorized", "accept"),
        ("offline", "offline", "offline"),
    ],
)
def test_a_phone_that_can_not_be_used_ends_the_run(
    home: Home, model: Path, tmp_path: Path, fault: str, code: str, told: str
) -> None:
    large = tmp_path / "large.tflite"
    large.write_bytes(model.read_bytes() + os.urandom(400_000))
    with phone(fault) as one:
        output = run(one, large, status=1)
        assert told in output
        assert "next:" in output
        if fault not in ("unauthorized", "offline"):
            nothing_left(one)
        with pytest.raises(DeviceError) as caught, device(one) as found:
            found.open(request(large), large).whole(QUICK)
        assert caught.value.code == code
    assert sessions(home) == []


def test_an_unknown_flag_is_no_measurement(home: Home, model: Path) -> None:
    with phone("unknown-flags") as one:
        run(one, model, "--sessions", "1", status=3)
        nothing_left(one)
    codes = {
        (s.failure.code, "num_threads" in s.failure.reason) for s in sessions(home) if s.failure
    }
    assert codes == {("parse_error", True)}


def test_a_program_for_another_phone_is_refused_unpushed(
    home: Home, model: Path, tmp_path: Path
) -> None:
    program = tmp_path / "benchmark_model"
    program.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00" + bytes(60))
    with phone(abis="armeabi-v7a,armeabi") as one:
        output = run(one, model, "--benchmark-model", str(program), status=1)
        assert "is for arm64-v8a, the phone runs armeabi-v7a, armeabi" in output
        nothing_left(one)
    with phone() as one:
        # Nor is a script ever taken for a phone's program.
        program.write_text("#!/bin/sh\necho count=1\n")
        assert "is for no phone" in run(one, model, "--benchmark-model", str(program), status=1)


def test_a_phone_that_vanishes_and_returns_is_asked_again(home: Home, model: Path) -> None:
    with phone() as one:
        run(one, model, "--sessions", "1")
        one.faults.add("vanish-in-run-once")
        run(one, model, "--sessions", "2", "--max-sessions", "2", "--resume", "--duration", "3")
        assert one.vanished == 1
        nothing_left(one)
    assert [s.run is not None for s in sessions(home)] == [True] * 4


def test_a_phone_that_stays_away_ends_the_run_and_loses_nothing(home: Home, model: Path) -> None:
    with phone() as one:
        run(one, model, "--sessions", "1")
        before = sessions(home)
        one.faults.add("vanish-in-run")
        started = time.monotonic()
        more = ("--sessions", "3", "--max-sessions", "3", "--resume", "--duration", "2")
        output = run(one, model, *more, status=1)
        assert time.monotonic() - started < LONGEST_S
        assert "next:" in output
        after = sessions(home)
        assert set(s.id for s in before) <= {s.id for s in after}
        assert {s.failure.code for s in after if s.failure} == {"lost_mid_run"}
        # It is tidied when it is met again.
        one.faults.clear()
        one.appear()
        adb = Adb(program="adb")
        adb.call("connect", one.address)
        choose(adb, one.address)
        run(one, model, "--sessions", "2", "--max-sessions", "4", "--resume")
        nothing_left(one)


def test_two_phones_at_once(home: Home, model: Path) -> None:
    with phone() as one, phone(serial="EMULATED0002") as two:
        output = invoke("run", str(model), "--device", "android", *RUN, status=1).output
        assert one.address in output
        assert two.address in output
        invoke("run", str(model), "--device", "android", "--all", *RUN, "--sessions", "1")
        nothing_left(one)
        nothing_left(two)
    units = Counter(s.device.unit for s in sessions(home))
    assert sorted(units.values()) == [2, 2]
    assert len({path.parent for path in home.results.glob("*/*.json")}) == 2


@pytest.mark.soak
def test_random_faults_at_random_moments(home: Home, model: Path) -> None:
    """No run hangs or is lost, and nothing is left, whatever happens when."""
    generator = random.Random(int(os.environ.get("BENCH_SEED", "0")))
    choices = ["vanish", "full", "corrupt-once", *(fault for fault, _, _ in OF_A_SESSION)]
    known: set[str] = set()
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        fault = generator.choice(choices)
        model = write_tiny(model, 1 + number % 7)
        with phone() as one:
            one.strike(fault, after_s=generator.uniform(0, 6))
            started = time.monotonic()
            words = ("--device", f"android:{one.address}", *RUN, *DEADLINE)
            process = bench_process(home, "run", str(model), *words, "--sessions", "2")
            output, _ = process.communicate(timeout=LONGEST_S)
            assert process.returncode in (0, 1, 3), output
            assert "Traceback" not in output
            assert process.returncode != 1 or "next:" in output, output
            ends[f"{fault}: {process.returncode}"] += 1
            assert time.monotonic() - started < LONGEST_S
            found = {s.id for s in sessions(home)}
            assert known <= found
            known = found
            one.faults.clear()
            one.appear()
            Adb(program="adb").call("connect", one.address)
            # What a phone that was away still holds, the next run clears away.
            with device(one) as again:
                again.begin()
            nothing_left(one)
    assert read_all(home).problems == ()
    print(f"\n{ROUNDS} runs: {dict(ends)}")
