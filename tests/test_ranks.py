"""Rank statistics against scipy's, and intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.ranks import holm, paired_ratio, sessions_needed, unpaired_ratio


@pytest.mark.parametrize("count", [3, 6, 11, 40, 60])
def test_p_of_pairs_is_wilcoxons(count: int) -> None:
    values = np.random.default_rng(count).normal(0.3, 1, count)
    method = "exact" if count <= 50 else "asymptotic"
    wanted = stats.wilcoxon(values, method=method, correction=True).pvalue
    assert paired_ratio(values.tolist()).p == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), [(3, 3), (4, 4), (8, 5), (20, 25), (40, 30)])
def test_p_of_two_samples_is_mann_whitneys(ours: int, theirs: int) -> None:
    generator = np.random.default_rng(ours)
    one, other = generator.normal(0.3, 1, ours), generator.normal(0, 1, theirs)
    method = "exact" if ours * theirs <= 900 else "asymptotic"
    wanted = stats.mannwhitneyu(one, other, method=method).pvalue
    assert unpaired_ratio(one.tolist(), other.tolist()).p == pytest.approx(wanted, rel=1e-6)


def test_few_pairs_get_no_interval_and_no_finding() -> None:
    five, six = paired_ratio([0.1] * 5), paired_ratio([0.1, 0.11, 0.12, 0.13, 0.14, 0.15])
    assert (five.low, five.high, five.differs) == (None, None, False)
    assert six.differs
    assert not unpaired_ratio([1.0] * 3, [0.0] * 3).differs
    assert unpaired_ratio([1.0] * 4, [0.0] * 4).differs


@pytest.mark.parametrize("count", [6, 10, 25])
def test_the_interval_covers_as_often_as_it_says(count: int) -> None:
    generator, covered = np.random.default_rng(0), 0
    for _ in range(600):
        found = paired_ratio((0.03 * generator.standard_t(3, count)).tolist())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 1 <= found.high
    assert covered >= 0.93 * 600


def test_one_disturbed_pair_in_ten_hardly_moves_the_ratio() -> None:
    logs = [0.01 * i for i in range(-5, 5)]
    disturbed = [*logs[:-1], 3.0]
    assert paired_ratio(disturbed).value == pytest.approx(paired_ratio(logs).value, rel=0.01)


def test_more_sessions_narrow_the_interval_as_told() -> None:
    generator = np.random.default_rng(1)
    few = paired_ratio(generator.normal(0, 0.03, 12).tolist())
    needed = sessions_needed(few, 0.005)
    assert needed is not None
    widths = [
        paired_ratio(generator.normal(0, 0.03, needed).tolist()).half_width or 1 for _ in range(20)
    ]
    assert 0.003 < float(np.median(widths)) < 0.008
    assert sessions_needed(paired_ratio([0.1] * 3), 0.01) is None


def test_holm_keeps_the_order_and_never_shrinks() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
