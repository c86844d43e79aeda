"""Comparisons: found where they are, told where they are not, refused where they would lie."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import made
import numpy as np
import pytest
from commands import TINY, invoke
from own_models import write_convolutions
from recorded import (
    IN_TURNS,
    LOOP,
    in_turns,
    paired_work,
    recorded,
    recorded_passes,
    replayed,
    turn,
)

from bench.cli.measuring.compared import side_text
from bench.compare import Side, compared, factor_of
from bench.sessions.record import Plan, Session
from bench.sessions.store import write_session
from bench.work.subject import Subject
from devices.records import Reading
from zoo.base.errors import BenchError
from zoo.home import Home
from zoo.registry import get

PLAN = IN_TURNS.model_copy(update={"sessions": 10, "max_sessions": 10})
QUICK = ("--sessions", "6", "--max-sessions", "6", "--rounds", "6")


def turns(costs_ms: Sequence[float], noise: float, seed: int, plan: Plan = PLAN) -> list[Session]:
    """Sessions in turns of models that take these times, on a device that is now and then slower by
    a third for some turns. noise: of a file's time from turn to turn."""
    generator, work = np.random.default_rng(seed), paired_work(len(costs_ms))
    slow = generator.random(100_000) < 0.03

    def ms(name: str, moment: int) -> float:
        speed = 1.3 if slow[max(0, moment - 8) : moment + 1].any() else 1.0
        return costs_ms[int(name[1:])] * speed * float(np.exp(generator.normal(0, noise)))

    return replayed(recorded_passes(work, plan, ms), work, plan)


def test_a_difference_is_found_and_none_is_made_up() -> None:
    work = paired_work(2)
    (slower,) = compared(work, ["a", "b"], turns([5.0, 5.25], 0.02, 1), PLAN, "variant")
    assert slower.distinguishable
    assert slower.slower_than(0.03)
    assert not slower.slower_than(0.10)
    assert slower.ratio is not None
    assert slower.ratio.value == pytest.approx(1.05, abs=0.02)
    called = 0
    for seed in range(60):
        (same,) = compared(work, ["a", "b"], turns([5.0, 5.0], 0.02, seed), PLAN, "variant")
        called += same.distinguishable
    assert called <= 7


def test_a_side_of_cpu_time_says_so() -> None:
    run = in_turns([turn(5.0, round, lost_ms=1, hit=4) for round in range(6)])
    side = Side.of("a", replayed([run] * 6, plan=IN_TURNS)[1:])
    assert side_text(side) == "a: p50 5.01 [5.01, 5.01] ms of CPU time"


@pytest.mark.parametrize(
    ("plan", "how"), [(PLAN, "in turns"), (Plan(loop=LOOP), "measured one after the other")]
)
def test_only_what_took_turns_is_said_to(plan: Plan, how: str) -> None:
    (found,) = compared(paired_work(2), ["a", "b"], [], plan, "variant")
    assert found.how == how


def test_many_comparisons_are_corrected() -> None:
    """Ten models alike: without correction, about four of ten such runs would call one out."""
    called = 0
    for seed in range(12):
        found = compared(
            paired_work(11),
            [f"m{i}" for i in range(11)],
            turns([5.0] * 11, 0.02, seed),
            PLAN,
            "variant",
        )
        called += any(one.distinguishable for one in found)
    assert called <= 3


def test_exactly_one_factor_may_differ() -> None:
    one = Subject(what=get(TINY), runtime="litert")
    other = Subject(what=get("mnv2_slim_unet_0.5_128"), runtime="litert")
    assert factor_of([one, other]) == "variant"
    assert factor_of([one, Subject(what=get(TINY), runtime="onnxruntime")]) == "runtime"
    for unlike in (one, Subject(what=other.what, runtime="litert", threads=2)):
        with pytest.raises(BenchError, match="differ"):
            factor_of([one, unlike])


def test_compare_measures_files_in_turns(home: Home, tmp_path: Path) -> None:
    light = write_convolutions(tmp_path / "light.onnx", 2)
    heavy = write_convolutions(tmp_path / "heavy.onnx", 6)
    words = ("compare", str(light), str(heavy), *QUICK)
    failed = invoke(*words, "--fail-if-slower", "20%", "--json", status=4)
    ((found,),) = [json.loads(failed.stdout)]
    assert found["distinguishable"]
    assert found["ratio"]["value"] > 2
    assert found["ratio"]["low"] > 1.5
    text = invoke("compare", str(light), str(heavy), "--stored").output
    assert "heavy.onnx is slower" in text
    assert "what differs from run to run is not in it" in text
    faster = invoke("compare", str(heavy), str(light), "--stored", "--fail-if-slower", "20%")
    assert "light.onnx is faster" in faster.output


def test_a_copy_is_not_distinguishable_or_hardly_so(home: Home, tmp_path: Path) -> None:
    one = write_convolutions(tmp_path / "one.onnx", 2)
    shutil.copy(one, tmp_path / "copy.onnx")
    printed = invoke("compare", str(one), str(tmp_path / "copy.onnx"), *QUICK, "--json").stdout
    ((found,),) = [json.loads(printed)]
    assert found["ratio"]["value"] == pytest.approx(1, abs=0.15)
    refused = invoke("compare", str(one), str(one), *QUICK, status=1).output
    assert "nothing differs" in refused


def stored_side(home: Home, cost_ms: float, count: int = 8, **changes: object) -> list[Session]:
    plan = Plan(sessions=count, max_sessions=count, loop=LOOP)
    runs = [recorded(cost_ms * (1 + 0.002 * i)) for i in range(count)]
    found = [s.model_copy(update=changes) for s in replayed(runs, plan=plan) if s.timed]
    for session in found:
        write_session(home, session)
    return found


STORED = ("compare", TINY, "--stored", "--runtime", "onnxruntime")


def test_stored_sessions_are_compared_by_commit_and_by_date(home: Home) -> None:
    stored_side(home, 5.0, commit="a" * 40)
    (first, *_) = stored_side(home, 5.5, commit="b" * 40)
    text = invoke(*STORED, "--commit", "aaaa", "--commit", "bbbb").output
    assert "bbbb is slower: x1.100" in text
    earlier = first.started_at - timedelta(days=30)
    stored_side(home, 4.0, commit="b" * 40, started_at=earlier)
    days = [f"{day:%Y-%m-%d}" for day in (earlier, first.started_at)]
    dates = ("--date", days[0], "--date", days[1], "--commit", "bbbb")
    assert "is slower: x1.375" in invoke(*STORED, *dates).output
    two = ("--commit", "aaaa", "--commit", "bbbb", "--date", days[0], "--date", days[1])
    assert "exactly one" in invoke(*STORED, *two, status=2).output
    assert (
        "that counts is stored"
        in invoke(*STORED, "--commit", "aaaa", "--commit", "cccc", status=1).output
    )


def test_stored_sessions_are_those_of_the_device_and_the_mode(home: Home) -> None:
    """Beside them lie a phone's, and some in the pace of a camera."""
    phone = made.device("a phone", unit="a" * 8).model_copy(update={"kind": "android"})
    for commit, cost_ms in (("a" * 40, 5.0), ("b" * 40, 6.0)):
        (first, *_) = stored_side(home, cost_ms, commit=commit)
        stored_side(home, 9.0, commit=commit, device=phone)
        loop = first.plan.loop.model_copy(update={"mode": "cadence", "period_ms": 33.3})
        plan = first.plan.model_copy(update={"loop": loop})
        stored_side(home, 9.0, commit=commit, plan=plan)
    text = invoke(*STORED, "--commit", "aaaa", "--commit", "bbbb").output
    assert "bbbb is slower: x1.200" in text


def test_runs_that_differ_among_themselves_tell_no_difference(home: Home) -> None:
    for letter, costs in (("a", (5.0, 5.1)), ("b", (5.15, 5.05)), ("c", (6.0, 6.1))):
        for cost_ms in costs:
            stored_side(home, cost_ms, commit=letter * 40)
    alike = invoke(*STORED, "--commit", "aaaa", "--commit", "bbbb").output
    assert "bbbb is not distinguishable" in alike
    assert "2 and 2 runs" in alike
    apart = invoke(*STORED, "--commit", "aaaa", "--commit", "cccc").output
    assert "cccc is slower: x1.198" in apart


@pytest.mark.parametrize(
    ("change", "key", "values"),
    [
        (lambda s: s.device.model_copy(update={"os": "2"}), "os", "'1' .* '2'"),
        (
            lambda s: s.run.model_copy(update={"runtime_version": "2.0"}),
            "runtime_version",
            "'1.0' .* '2.0'",
        ),
        (
            lambda s: s.run.model_copy(
                update={"conditions_before": {"governor": Reading(value="powersave")}}
            ),
            "governor",
            "'performance' .* 'powersave'",
        ),
    ],
    ids=["os", "runtime version", "governor"],
)
def test_unlike_conditions_are_refused_with_both_values(
    home: Home, change: object, key: str, values: str
) -> None:
    assert callable(change)
    base = recorded(5.0).model_copy(
        update={"conditions_before": {"governor": Reading(value="performance")}}
    )
    (first, *_) = stored_side(home, 5.0, commit="a" * 40, run=base)
    changed = change(first)
    field = "device" if key == "os" else "run"
    stored_side(home, 5.0, commit="b" * 40, **({"run": base} | {field: changed}))
    refused = invoke(*STORED, "--commit", "aaaa", "--commit", "bbbb", status=1).output
    assert f"unlike conditions: {key}" in refused
    for value in values.split(" .* "):
        assert value in refused
