"""Whatever goes wrong with a phone: its code, its message, nothing lost and nothing left behind."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from commands import bench_process, invoke
from phones import QUICK, RUN, adbs, device, nothing_left, phone, request
from tiny_tflite import write_tiny

from bench.sessions.record import Session
from bench.sessions.store import read_all
from devices.android.adb.client import Adb
from devices.android.adb.discovery import choose
from devices.emulated.phone import EmulatedPhone
from zoo.base.errors import DeviceError
from zoo.home import Home

pytestmark = [
    pytest.mark.usefixtures("adb_server"),
    pytest.mark.skipif(not adbs(), reason="adb is not installed: phones not tested"),
]
ROUNDS = int(os.environ.get("BENCH_PHONE_RUNS", "4"))
DEADLINE = ("--deadline", "3")
# What a run of few sessions may take at most here, whatever happens to the phone in it: three that
# hang for their 5 s and the deadline, a phone that is waited for, and as much again for a busy
# machine.
LONGEST_S = 60


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


def test_no_phone_and_no_adb_are_one_message(home: Home, model: Path) -> None:
    words = ("run", str(model), "--device")
    for name, more, told in [
        ("android", (), "adb lists no phone"),
        ("android:R58M123", (), "no phone android:R58M123"),
        ("android", ("--adb", "/nowhere/adb"), "no adb: not found as /nowhere/adb"),
    ]:
        output = invoke(*words, name, *more, status=1).output
        assert told in output
        assert "next:" in output


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
    with phone("vanish-in-run-once") as one:
        run(one, model, "--sessions", "1", "--duration", "1.5")
        assert one.vanished == 1
        nothing_left(one)
    assert [s.run is not None for s in sessions(home)] == [True] * 2


@pytest.mark.parametrize("fault", ["vanish-in-run", "vanish-in-push"])
def test_a_phone_that_stays_away_ends_the_run_and_loses_nothing(
    home: Home, model: Path, fault: str
) -> None:
    with phone() as one:
        run(one, model, "--sessions", "1")
        first = sessions(home)
        one.faults.add(fault)
        model.write_bytes(model.read_bytes() + os.urandom(400_000))
        started = time.monotonic()
        output = run(one, model, "--sessions", "3", "--duration", "2", status=1)
        assert time.monotonic() - started < LONGEST_S
        assert "next:" in output
        (lost,) = [s.failure for s in sessions(home) if s.failure]
        assert lost.code == "lost_mid_run"
        # The pass for memory may have ended before.
        before = sessions(home)
        # It is tidied when it is met again.
        one.faults.clear()
        meet_again(one)
        run(one, model, "--sessions", "1")
        nothing_left(one)
    assert {s.id for s in first} < {s.id for s in before} < {s.id for s in sessions(home)}
    assert len(sessions(home)) == len(before) + 2


def meet_again(one: EmulatedPhone) -> None:
    one.appear()
    adb = Adb(program="adb")
    adb.call("connect", one.address)
    choose(adb, one.address)


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


# Beside those of a session: of the phone, and of the computer.
SOAKED = ["vanish", "away", "full", "corrupt-once", "SIGTERM", "SIGKILL"]
SOAKED += [fault for fault, *_ in OF_A_SESSION]
# After these the next run tidies; after the others nothing is left at the end.
TIDIED_LATER = ("vanish", "away", "SIGKILL")


@pytest.mark.soak
def test_random_faults_at_random_moments(home: Home, model: Path) -> None:
    """No run hangs or is lost, and nothing is left, whatever happens when."""
    generator = random.Random(int(os.environ.get("BENCH_SEED", "0")))
    with phone() as one:
        soaked_run(home, one, model, None, 0)
        calls = one.served
    known = {s.id for s in sessions(home)}
    ends: Counter[str] = Counter()
    longest_s = 0.0
    for number in range(1, ROUNDS + 1):
        fault, moment = generator.choice(SOAKED), generator.uniform(0, calls)
        write_tiny(model, 1 + number % 7)
        with phone() as one:
            status, took_s = soaked_run(home, one, model, fault, moment)
            if fault not in TIDIED_LATER:
                nothing_left(one)
            found = {s.id for s in sessions(home)}
            assert known <= found
            known = found
            one.faults.clear()
            meet_again(one)
            # What a phone that was away still holds, the next run clears away.
            with device(one) as again:
                again.begin()
            nothing_left(one)
        ends[f"{fault}, status {status}"] += 1
        longest_s = max(longest_s, took_s)
        told = f"{fault} at call {moment:.1f} of {calls}: status {status}, {took_s:.1f} s"
        print(f"{number} {told}", flush=True)
    stored = read_all(home)
    assert stored.problems == ()
    codes = Counter(s.failure.code if s.failure else "measured" for s in stored.sessions)
    print(f"longest {longest_s:.1f} s of {LONGEST_S}; {dict(sorted(ends.items()))}")
    print(f"{len(known)} sessions, none lost, nothing left: {dict(codes)}")


def soaked_run(
    home: Home, one: EmulatedPhone, model: Path, fault: str | None, moment: float
) -> tuple[int, float]:
    """A run in the middle of which something happens; its status, and how long it took. moment: so
    many calls of adb, and such a part of a second, since it began: whatever the machine's load."""
    started = time.monotonic()
    # Large enough for a push to have a middle.
    model.write_bytes(model.read_bytes() + os.urandom(400_000))
    words = ("--device", f"android:{one.address}", *RUN, *DEADLINE, "--sessions", "2")
    process = bench_process(home, "run", str(model), *words)
    while one.served < int(moment) and process.poll() is None:
        time.sleep(0.005)
    time.sleep(moment % 1)
    if fault in ("SIGTERM", "SIGKILL"):
        process.send_signal(signal.Signals[fault])
    elif fault == "away":
        one.strike("vanish", 0)
        one.strike("appear", 1)
    elif fault is not None:
        one.strike(fault, 0)
    output, _ = process.communicate(timeout=LONGEST_S)
    assert "Traceback" not in output
    # Before any device is asked for, and after the last, SIGTERM is the system's.
    killed = {"SIGTERM": (130, -signal.SIGTERM), "SIGKILL": (-signal.SIGKILL,)}.get(fault or "", ())
    assert process.returncode in (0, 1, 3, *killed), output
    assert process.returncode != 1 or re.search("next:|Aborted!", output), output
    return process.returncode, time.monotonic() - started
