"""Warm-up is watched, and sampling stops where enough is known."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import in_turns, recorded, sessions, turn

from bench.sampling import collect, warm_up
from bench.statistics.stats import timed_ns
from bench.warming import warm_up_together
from devices.records import INFERENCES_A_SAMPLE, Loop, RawRun, Reading, Series, Turns
from devices.replay import ReplayRun


def playing(
    series_ms: np.ndarray[tuple[int], np.dtype[np.float64]], together: int = 1
) -> ReplayRun:
    """A run whose inferences take these times, in order. together: of so many each is the mean."""
    samples = tuple(int(ms * 1e6) for ms in series_ms)
    series = Series(warmup_ns=(), settled=None, samples_ns=samples, stopped_by="count")
    before = {INFERENCES_A_SAMPLE: Reading(value=together)}
    run: RawRun = recorded(5.0).model_copy(update={"series": series, "conditions_before": before})
    return ReplayRun(run)


def noisy(count: int, spread: float = 0.01) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 5 * (1 + np.random.default_rng(0).normal(0, spread, count))


def test_warm_up_ends_when_two_windows_agree() -> None:
    taken, settled = warm_up(playing(noisy(400)), Loop())
    assert settled
    assert len(taken) == 20


def test_warm_up_follows_a_slow_start() -> None:
    ramp = noisy(400) * (1 + np.maximum(0, 1 - np.arange(400) / 60))
    taken, settled = warm_up(playing(ramp), Loop())
    assert settled
    assert 50 <= len(taken) <= 100


def test_warm_up_gives_up_at_its_bound_and_says_so() -> None:
    restless = noisy(400) * np.where(np.arange(400) // 10 % 2, 1, 1.3)
    taken, settled = warm_up(playing(restless), Loop(max_warmup=95))
    assert not settled
    assert len(taken) == 95


@pytest.mark.parametrize(
    ("loop", "spread", "count", "stopped_by"),
    [
        (Loop(), 0.01, 40, "interval"),
        (Loop(max_samples=55), 0.2, 55, "count"),
        (Loop(limit_s=0.4), 0.2, 80, "time"),
        (Loop(limit_s=0.01), 0.2, 20, "time"),
        (Loop(mode="cadence", period_ms=20, limit_s=1.0), 0.2, 50, "time"),
        (Loop(mode="sustained", limit_s=2.0), 0.001, 400, "time"),
    ],
    ids=["interval", "count", "time", "shortest", "cadence", "sustained"],
)
def test_sampling_stops_by(loop: Loop, spread: float, count: int, stopped_by: str) -> None:
    taken, why = collect(playing(noisy(2000, spread)), loop)
    assert why == stopped_by
    assert len(taken["total"]) == pytest.approx(count, abs=12 if why == "time" else 0)


def test_samples_of_several_inferences_take_as_many_times_as_long() -> None:
    """Of a browser whose clock is coarse: forty inferences of 5 ms in each sample."""
    warmup, _ = warm_up(playing(noisy(400, 0.001), together=40), Loop(warm_s=7.9))
    assert len(warmup) == 60
    loop = Loop(mode="sustained", limit_s=20.0)
    taken, why = collect(playing(noisy(2000, 0.001), together=40), loop)
    assert why == "time"
    assert len(taken["total"]) == pytest.approx(100, abs=10)
    before = {INFERENCES_A_SAMPLE: Reading(value=40)}
    (session, _) = sessions()
    run = recorded(5.0, 1000).model_copy(update={"conditions_before": before})
    plan = session.plan.model_copy(update={"loop": loop})
    last = timed_ns(session.model_copy(update={"run": run, "plan": plan}))
    # The last minute, of two hundred seconds.
    assert len(last) == pytest.approx(300, abs=2)
    bursts = [turn(5.0, round) for round in range(100)]
    many = ReplayRun(in_turns(bursts).model_copy(update={"conditions_before": before}))
    # Two windows of three turns; else the two seconds would be sixty of them.
    warmed = warm_up_together({0: many}, Loop(turns=Turns(), warm_s=2.0))
    assert (warmed.settled, len(warmed.wall_ns[0])) == (True, 6 * 6)
