"""Warm-up is watched, and sampling stops where enough is known."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import recorded

from bench.sampling import collect, warm_up
from devices.records import Loop, RawRun, Series
from devices.replay import ReplayRun


def playing(series_ms: np.ndarray[tuple[int], np.dtype[np.float64]]) -> ReplayRun:
    """A run whose inferences take these times, in order."""
    samples = tuple(int(ms * 1e6) for ms in series_ms)
    series = Series(warmup_ns=(), settled=None, samples_ns=samples, stopped_by="count")
    run: RawRun = recorded(5.0).model_copy(update={"series": series})
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
