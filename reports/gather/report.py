"""A report before it is shown: its rows, and what could not become one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from reports.gather.rows import Facet, Row
from zoo.artifact.iou import Interval
from zoo.base.errors import RecordError


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Sessions of one artifact that gave nothing to show."""

    model: str
    runtime: str
    reason: str
    sessions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Volume:
    """How much of the fixed box a facet's front dominates, 0..1.

    share: with its interval over sessions and images; None where some point has too few sessions
    for one. draws: of the resampling.
    """

    facet: Facet
    value: float
    share: Interval | None
    draws: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """rows by facet, latency within it; orphans are rows too, without IoU and off every front.

    volumes: of each facet that has a front. apart: devices that were not pooled, a sentence each.
    elsewhere: titles of devices and modes that this one leaves to the tables beside it.
    """

    rows: tuple[Row, ...]
    failed: tuple[Failed, ...]
    problems: tuple[RecordError, ...]
    volumes: tuple[Volume, ...] = ()
    apart: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @cached_property
    def _by_facet(self) -> dict[Facet, list[Row]]:
        found: dict[Facet, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.facet].append(row)
        return found

    @property
    def facets(self) -> list[Facet]:
        return sorted(self._by_facet, key=lambda facet: facet.order)

    def of(self, facet: Facet) -> list[Row]:
        return self._by_facet[facet]
