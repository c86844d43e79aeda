"""Fronts: against brute force, by hand, and what resampling must and must not say."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.fronts.draws import median_draws
from reports.fronts.pareto import (
    BOX,
    Box,
    dominators,
    front,
    front_probability,
    hypervolume,
    near_front,
    staircase,
)
from zoo.artifact.iou import ImageCounts, paired_difference, pooled_draws

# Few distinct values, so that ties and duplicates are met often.
points = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), min_size=0, max_size=40)
Pairs = list[tuple[int, int]]


def split(pairs: Pairs) -> tuple[list[float], list[float]]:
    return [float(x) for x, _ in pairs], [y / 12 for _, y in pairs]


def dominates(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] <= other[0] and one[1] >= other[1]


@given(points)
def test_the_front_is_that_of_brute_force(pairs: Pairs) -> None:
    chosen = front(*split(pairs))
    for i, pair in enumerate(pairs):
        dominated = any(dominates(other, pair) for other in pairs)
        assert chosen[i] == (not dominated and pair not in pairs[:i])


@given(points)
def test_every_point_off_the_front_has_a_dominator_on_it(pairs: Pairs) -> None:
    chosen, found = front(*split(pairs)), dominators(*split(pairs))
    assert (found == -1).tolist() == chosen.tolist()
    for pair, leader in zip(pairs, found, strict=True):
        if leader >= 0:
            assert chosen[leader]
            assert dominates(pairs[leader], pair) or pairs[leader] == pair


@given(points, st.floats(0, 0.3), st.floats(0, 0.5))
def test_the_band_is_that_of_brute_force(pairs: Pairs, more: float, less: float) -> None:
    latency, iou = split(pairs)
    chosen, near = front(latency, iou), near_front(latency, iou, more, less)
    for i, (x, y) in enumerate(zip(latency, iou, strict=True)):
        better = (x / (1 + less), y + more)
        beaten = any(a <= better[0] and b >= better[1] for a, b in zip(latency, iou, strict=True))
        assert near[i] == (chosen[i] or not beaten)


@given(points, st.tuples(st.integers(1, 12), st.integers(0, 12)))
def test_another_point_never_lowers_the_hypervolume(pairs: Pairs, extra: tuple[int, int]) -> None:
    before, after = (hypervolume(*split(list(p)), BOX) for p in (pairs, [*pairs, extra]))
    assert 0 <= before <= after + 1e-12
    assert after <= 1


@given(points)
def test_the_hypervolume_is_that_of_counted_cells(pairs: Pairs) -> None:
    # Latencies 1..12 and IoUs k/12 on a lattice that the box's corners lie on too.
    box = Box(fastest_ms=2.0, slowest_ms=10.0, lowest_iou=0.25)
    total = 0.0
    for x, y in itertools.product(range(2, 10), range(3, 12)):
        if any(a <= x and b >= y + 1 for a, b in pairs):
            total += (np.log(x + 1) - np.log(x)) / 12
    whole = np.log(10.0 / 2.0) * 0.75
    assert np.isclose(hypervolume(*split(pairs), box), total / whole)


def test_a_hypervolume_by_hand() -> None:
    # From 1 ms on at 0.75, from 10 ms on at 1: of three decades and a half, 0.25 and 0.5.
    assert np.isclose(hypervolume([1.0, 10.0], [0.75, 1.0]), (0.25 + 0.5) / (3 * 0.5))
    assert hypervolume([200.0, 1.0], [0.9, 0.4]) == 0


def test_many_copies_are_answered_at_once() -> None:
    generator = np.random.default_rng(0)
    latency, iou = generator.uniform(1, 9, (5, 30)), generator.uniform(0, 1, (5, 30))
    each = [front(a, b) for a, b in zip(latency, iou, strict=True)]
    assert (front(latency, iou) == np.stack(each)).all()
    volumes = [hypervolume(a, b) for a, b in zip(latency, iou, strict=True)]
    assert np.allclose(hypervolume(latency, iou), volumes)
    assert np.allclose(front_probability(latency, iou), np.mean(each, axis=0))


def test_the_staircase_rises() -> None:
    latency, iou = staircase([3, 1, 2, 4], [0.8, 0.5, 0.4, 0.9])
    assert latency.tolist() == [1, 3, 4]
    assert iou.tolist() == [0.5, 0.8, 0.9]


def test_drift_that_a_round_shares_does_not_blur_the_front() -> None:
    """Two models 2 % apart, on a machine whose rounds drift by ten."""
    rounds = [("b", n) for n in range(10)]
    drift = np.random.default_rng(1).uniform(0.9, 1.1, 10)
    values = [(5.0 * drift).tolist(), (5.1 * drift).tolist()]
    draws = median_draws(values, [rounds, rounds])
    assert (draws[:, 0] < draws[:, 1]).all()
    assert np.ptp(draws[:, 0]) > 0.2
    apart = median_draws(values, [rounds, [("c", n) for _, n in rounds]])
    assert 0.5 < (apart[:, 0] < apart[:, 1]).mean() < 0.9


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_drawn_median_is_that_of_the_sessions_drawn(count: int) -> None:
    values = np.random.default_rng(count).uniform(1, 2, count).tolist()
    draws = median_draws([values], [[("b", n) for n in range(count)]], replicates=200)
    generator = np.random.default_rng(0)
    times = generator.multinomial(count, np.full(count, 1 / count), size=200)
    expected = [np.median(np.repeat(values, row)) for row in times]
    assert np.allclose(draws[:, 0], expected)


def test_a_point_that_no_draw_holds_keeps_its_median() -> None:
    draws = median_draws([[4.0], [1.0, 2.0]], [[("b", 0)], [("b", 1), ("b", 2)]], replicates=50)
    assert (draws[:, 0] == 4.0).all()


def test_images_are_drawn_for_all_files_alike() -> None:
    generator = np.random.default_rng(3)
    ours, theirs = [], []
    for i in range(300):
        labelled = int(generator.integers(100, 900))
        hit = int(labelled * generator.uniform(0.5, 1))
        ours.append(ImageCounts(image=f"{i}", intersection=hit, predicted=hit, labelled=labelled))
        less = int(hit * 0.99)
        theirs.append(
            ImageCounts(image=f"{i}", intersection=less, predicted=hit, labelled=labelled)
        )
    draws = np.stack([pooled_draws(ours), pooled_draws(theirs)], axis=-1)
    assert front_probability(np.array([2.0, 2.0]), draws).tolist() == [1.0, 0.0]
    change = paired_difference(ours, theirs)
    assert change.apart


def test_fronts_are_fast_enough() -> None:
    generator = np.random.default_rng(0)
    latency, iou = generator.uniform(1, 100, 10_000), generator.uniform(0, 1, 10_000)
    started = time.process_time()
    front(latency, iou)
    dominators(latency, iou)
    assert time.process_time() - started < 0.1
    started = time.process_time()
    values = generator.uniform(1, 9, (48, 10)).tolist()
    rounds = [[("b", n) for n in range(10)] for _ in range(48)]
    draws = median_draws(values, rounds)
    ious = generator.uniform(0, 1, draws.shape)
    front_probability(draws, ious)
    hypervolume(draws, ious)
    assert time.process_time() - started < 3
