"""Statistics of sessions, against tables and simulated series."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.stats import across_passes, order_ranks, quantile


@pytest.mark.parametrize(
    ("count", "share", "ranks"),
    [
        # Hahn and Meeker's tables, and the least counts at which an interval exists.
        (5, 0.5, None),
        (6, 0.5, (1, 6)),
        (10, 0.5, (2, 9)),
        (30, 0.5, (10, 21)),
        (100, 0.5, (40, 61)),
        (35, 0.9, None),
        (36, 0.9, (29, 36)),
        (367, 0.99, None),
        (368, 0.99, (360, 368)),
    ],
)
def test_order_ranks(count: int, share: float, ranks: tuple[int, int] | None) -> None:
    assert order_ranks(count, share) == ranks


@pytest.mark.parametrize(("share", "count"), [(0.5, 10), (0.9, 60), (0.5, 1500)])
def test_the_interval_covers_as_often_as_it_says(share: float, count: int) -> None:
    generator = np.random.default_rng(0)
    truth = -np.log(1 - share)  # of the exponential distribution, as skewed as latencies are
    covered = 0
    for _ in range(300):
        found = quantile(generator.exponential(size=count).tolist(), share)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= truth <= found.high
    assert covered >= 0.93 * 300


def test_passes_have_a_median_and_a_range_from_six_on() -> None:
    found = across_passes([1.0, 1.1, 1.2, 1.3, 1.4])
    assert (found.value, found.low, found.high) == (1.2, None, None)
    found = across_passes([1.5, 1.0, 1.1, 1.2, 1.3, 9.0])
    assert (found.value, found.low, found.high) == (1.25, 1.0, 9.0)
