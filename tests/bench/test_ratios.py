"""Ratios and their p-values against scipy's, and intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.ratios import holm, ratio_over_passes, sessions_needed, unpaired_ratio


@pytest.mark.parametrize("count", [6, 11, 60])
def test_over_passes_it_is_students_t(count: int) -> None:
    logs = np.random.default_rng(count).normal(0.03, 0.05, count)
    wanted, found = stats.ttest_1samp(logs, 0.0), ratio_over_passes(logs.tolist())
    low, high = np.exp(wanted.confidence_interval(0.95))
    assert found.value == pytest.approx(np.exp(logs.mean()))
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_equal_passes_leave_no_doubt() -> None:
    same, slower = ratio_over_passes([0.0] * 6), ratio_over_passes([0.1] * 6)
    assert (same.p, same.differs, same.half_width) == (1.0, False, 0.0)
    assert slower.p < 1e-6
    assert slower.differs


@pytest.mark.parametrize(("ours", "theirs"), [(3, 3), (4, 4), (8, 5), (20, 25), (40, 30)])
def test_p_of_two_samples_is_mann_whitneys(ours: int, theirs: int) -> None:
    generator = np.random.default_rng(ours)
    one, other = generator.normal(0.3, 1, ours), generator.normal(0, 1, theirs)
    method = "exact" if ours * theirs <= 900 else "asymptotic"
    wanted = stats.mannwhitneyu(one, other, method=method).pvalue
    assert unpaired_ratio([one.tolist()], [other.tolist()]).p == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), [(2, 2), (1, 3), (5, 7)])
def test_of_several_runs_it_is_students_t_of_the_runs(ours: int, theirs: int) -> None:
    generator = np.random.default_rng(ours)
    means = generator.normal(0.02, 0.01, ours), generator.normal(0, 0.01, theirs)
    one, other = ([[mean - 0.001, mean, mean + 0.001] for mean in side] for side in means)
    wanted, found = stats.ttest_ind(*means), unpaired_ratio(one, other)
    assert (found.replicates, found.counts) == ("runs", (ours, theirs))
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(np.exp(wanted.confidence_interval())))


def test_runs_that_differ_are_no_difference_of_what_they_measured() -> None:
    """Runs of the same file, each off by a hundredth, its sessions by a thousandth."""
    generator, called = np.random.default_rng(0), {"runs": 0, "sessions": 0}
    for _ in range(200):
        runs = generator.normal(0, 0.01, (4, 1)) + generator.normal(0, 0.001, (4, 12))
        of_runs = unpaired_ratio(runs[:2].tolist(), runs[2:].tolist())
        of_sessions = unpaired_ratio(runs[:1].tolist(), runs[1:2].tolist())
        called["runs"] += of_runs.differs
        called["sessions"] += of_sessions.differs
    assert called["runs"] <= 18
    assert called["sessions"] > 100


def test_few_passes_get_no_interval_and_no_finding() -> None:
    five, six = (ratio_over_passes([0.1 + 0.01 * i for i in range(n)]) for n in (5, 6))
    assert (five.low, five.high, five.p, five.differs) == (None, None, 1.0, False)
    assert six.differs
    assert not unpaired_ratio([[1.0] * 3], [[0.0] * 3]).differs
    assert unpaired_ratio([[1.0] * 4], [[0.0] * 4]).differs


@pytest.mark.parametrize("count", [6, 10, 25])
@pytest.mark.parametrize("tails", [3, 100])
def test_the_interval_covers_as_often_as_it_says(count: int, tails: int) -> None:
    """Of passes as good as normal, and of ones with heavy tails."""
    generator, covered = np.random.default_rng(0), 0
    for _ in range(1000):
        found = ratio_over_passes((0.03 * generator.standard_t(tails, count)).tolist())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 1 <= found.high
    assert covered >= 0.93 * 1000


def test_more_sessions_narrow_the_interval_as_told() -> None:
    generator = np.random.default_rng(1)
    few = ratio_over_passes(generator.normal(0, 0.03, 12).tolist())
    needed = sessions_needed(few, 0.005)
    assert needed is not None
    widths = [
        ratio_over_passes(generator.normal(0, 0.03, needed).tolist()).half_width or 1
        for _ in range(20)
    ]
    assert 0.003 < float(np.median(widths)) < 0.008
    assert sessions_needed(ratio_over_passes([0.1] * 3), 0.01) is None


def test_holm_keeps_the_order_and_never_shrinks() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
