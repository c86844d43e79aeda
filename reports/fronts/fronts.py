"""The front of each facet, and how sure it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reports.fronts.draws import REPLICATES, median_draws
from reports.fronts.pareto import dominators, front_probability, hypervolume, near_front
from reports.gather.report import Volume
from reports.gather.rows import Facet, Row
from zoo.artifact.iou import interval

Draws = tuple[NDArray[np.float64], NDArray[np.float64]]

# Of very many points fewer copies are drawn, so that they stay within so many figures; and of very
# many sessions, so that a whole report draws so many of them again, but so many copies at least.
MOST_DRAWN = 4_000_000
MOST_SESSIONS_DRAWN = 400_000_000
FEWEST_DRAWN = 100


def with_fronts(rows: Sequence[Row]) -> tuple[list[Row], list[Volume]]:
    """The rows, marked with their place towards the front of their facet; a volume a front."""
    marked, volumes = list(rows), []
    facets: dict[Facet, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.fit:
            facets[row.facet].append(place)
    for facet, places in facets.items():
        points = [rows[place] for place in places]
        latency, iou = drawn(points)
        for place, row in zip(places, _marked(points, latency, iou), strict=True):
            marked[place] = row
        volumes.append(_volume(facet, points, latency, iou))
    return marked, volumes


def drawn(rows: Sequence[Row]) -> Draws:
    """Latencies and IoUs of fit rows under resampling, [draws, rows] each; rounds and images are
    drawn for all of them alike."""
    most = min(MOST_DRAWN // len(rows), MOST_SESSIONS_DRAWN // len(rows[0].stored))
    count = min(REPLICATES, max(FEWEST_DRAWN, most))
    latency = median_draws(
        [list(r.levels_ms.values()) for r in rows], [list(r.levels_ms) for r in rows], count
    )
    return latency, np.stack([row.joined.draws[:count] for row in rows], axis=-1)


def _marked(
    rows: Sequence[Row], latency: NDArray[np.float64], iou: NDArray[np.float64]
) -> list[Row]:
    p50s, ious = _points(rows)
    leaders = dominators(p50s, ious)
    near = near_front(p50s, ious)
    chances = front_probability(latency, iou)
    return [
        replace(
            row,
            on_front=bool(leader < 0),
            dominated_by=rows[leader].key if leader >= 0 else None,
            near_front=bool(near[place]),
            front_probability=float(chances[place]) if row.redrawn else None,
        )
        for place, (row, leader) in enumerate(zip(rows, leaders, strict=True))
    ]


def _volume(
    facet: Facet, rows: Sequence[Row], latency: NDArray[np.float64], iou: NDArray[np.float64]
) -> Volume:
    value = float(hypervolume(*_points(rows)))
    few = not all(row.redrawn for row in rows)
    images = min(row.joined.images for row in rows)
    share = None if few else interval(value, hypervolume(latency, iou), images)
    return Volume(facet=facet, value=value, share=share, draws=len(latency))


def _points(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    ious = [row.joined.iou.value for row in rows if row.joined.iou]
    return [row.p50_ms.value for row in rows], ious
