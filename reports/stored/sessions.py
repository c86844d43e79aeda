"""What is stored, a column of each figure: a million sessions in some hundred bytes each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.statistics.verdict import Verdict
from devices.frame import STAGES
from reports.stored.digest import Digest
from zoo.home import Home

Float64 = NDArray[np.float64]
Codes = NDArray[np.int32]
Places = NDArray[np.intp]

# Of a digest: what many sessions have in common, so that each value is kept once.
SHARED: tuple[str, ...] = (
    "batch",
    "request",
    "reference",
    "device",
    "machine",
    "plan",
    "protocol",
    "verdict",
    "own",
)
SHARED += ("runtime_version", "fallback", "settings", "known", "unknown")
WHOLE = ("round", "position", "interrupted", "told", "samples", "peak_memory_bytes")
FIGURES: tuple[str, ...] = (
    *WHOLE,
    "by_cpu",
    "median_ms",
    "p90_ms",
    "p95_ms",
    "load_ms",
    "warm_load_ms",
)
FIGURES += ("first_inference_ms", "effect")
STARTED = "started_us"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """values: each once. codes: of each session the place of its value, -1 where it has none."""

    values: tuple[Any, ...]
    codes: Codes

    @classmethod
    def of(cls, values: Sequence[Any]) -> Shared:
        known: dict[Any, int] = {}
        codes = [-1 if v is None else known.setdefault(v, len(known)) for v in values]
        return cls(values=tuple(known), codes=np.array(codes, dtype=np.int32))

    @classmethod
    def joined(cls, parts: Sequence[Shared]) -> Shared:
        known: dict[Any, int] = {}
        codes = [np.empty(0, np.int32)]
        for part in parts:
            new = [known.setdefault(value, len(known)) for value in part.values]
            # The last place is that of -1.
            codes.append(np.array([*new, -1], dtype=np.int32)[part.codes])
        return cls(values=tuple(known), codes=np.concatenate(codes))

    def at(self, place: int) -> Any:
        code = int(self.codes[place])
        return None if code < 0 else self.values[code]

    def take(self, places: Places | NDArray[np.bool_]) -> Shared:
        return replace(self, codes=self.codes[places])

    def by(self, key: Callable[[Any], Any]) -> Codes:
        """A number for each session: equal where the keys of their values are."""
        return Shared.joined([replace(self, values=tuple(map(key, self.values)))]).codes

    def where(self, holds: Callable[[Any], bool]) -> NDArray[np.bool_]:
        """Of which sessions it holds; of no value it does not."""
        return np.array([*map(holds, self.values), False], dtype=np.bool_)[self.codes]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sessions:
    """Digests as columns. figures: by the name of a digest's field, NaN where there is none;
    `started_us` since 1970, and each stage of a frame. shared: by the name of a field, and the home
    and the folder each session lies in. names: of their files.
    """

    ids: NDArray[np.bytes_]
    names: NDArray[np.bytes_]
    figures: Mapping[str, Float64]
    shared: Mapping[str, Shared]

    @classmethod
    def of(cls, digests: Sequence[Digest]) -> Sessions:
        """In that order."""
        stages = [one.stages_ms or (np.nan,) * len(STAGES) for one in digests]
        by_stage = list(zip(*stages, strict=True)) or [()] * len(STAGES)
        started = [(one.started_at - BEGINNING) // MICROSECOND for one in digests]
        figures = {name: _column([getattr(one, name) for one in digests]) for name in FIGURES}
        shared = {name: Shared.of([getattr(one, name) for one in digests]) for name in SHARED}
        return cls(
            ids=np.array([one.id.encode() for one in digests], dtype=np.bytes_),
            names=np.array([os.fsencode(one.path.name) for one in digests], dtype=np.bytes_),
            figures=figures
            | dict(zip(STAGES, map(_column, by_stage), strict=True))
            | {STARTED: _column(started)},
            shared=shared
            | {"home": Shared.of([one.home for one in digests])}
            | {"folder": Shared.of([one.path.parent.name for one in digests])},
        )

    @classmethod
    def joined(cls, parts: Sequence[Sessions]) -> Sessions:
        parts = [cls.of([]), *parts]
        first = parts[0]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            names=np.concatenate([part.names for part in parts]),
            figures={n: np.concatenate([p.figures[n] for p in parts]) for n in first.figures},
            shared={n: Shared.joined([p.shared[n] for p in parts]) for n in first.shared},
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: Places | NDArray[np.bool_]) -> Sessions:
        """Those at `places`, in that order."""
        return Sessions(
            ids=self.ids[places],
            names=self.names[places],
            figures={name: figures[places] for name, figures in self.figures.items()},
            shared={name: shared.take(places) for name, shared in self.shared.items()},
        )

    def changed(self, figures: Mapping[str, Float64] | None = None, **shared: Shared) -> Sessions:
        """With these columns in place of those."""
        return replace(
            self, figures={**self.figures, **(figures or {})}, shared={**self.shared, **shared}
        )

    def unlike(self, other: Sessions) -> int:
        """Of how many sessions, in the same order, something is not the same."""
        off = np.zeros(len(self), dtype=np.bool_)
        for name, figures in self.figures.items():
            off |= ~np.isclose(figures, other.figures[name], rtol=1e-12, atol=0, equal_nan=True)
        for name, shared in self.shared.items():
            both = Shared.joined([shared, other.shared[name]]).codes
            off |= both[: len(self)] != both[len(self) :]
        return int(off.sum())

    def id(self, place: int) -> str:
        found: str = self.ids[place].decode()
        return found

    def path(self, place: int) -> Path:
        home: Home = self.shared["home"].at(place)
        folder: str = self.shared["folder"].at(place)
        return home.results / folder / os.fsdecode(self.names[place])

    def verdict(self, place: int) -> Verdict:
        found: Verdict = self.shared["verdict"].at(place)
        return found

    def digest(self, place: int) -> Digest:
        """One session alone."""
        found = {name: _value(float(self.figures[name][place]), name) for name in FIGURES}
        stages = tuple(float(self.figures[name][place]) for name in STAGES)
        started = timedelta(microseconds=float(self.figures[STARTED][place]))
        return Digest(
            id=self.id(place),
            path=self.path(place),
            home=self.shared["home"].at(place),
            started_at=BEGINNING + started,
            stages_ms=() if np.isnan(stages[0]) else stages,
            **found,
            **{name: self.shared[name].at(place) for name in SHARED},
        )

    @cached_property
    def counts(self) -> NDArray[np.bool_]:
        """Whether each one's figures are used."""
        return self.shared["verdict"].where(lambda verdict: verdict.counts)

    @cached_property
    def timed(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.figures["median_ms"])

    @cached_property
    def passes(self) -> tuple[Places, list[tuple[str, int]]]:
        """Of each session the number of its pass; of each number the run and the pass there."""
        batches, rounds = self.shared["batch"], self.figures["round"].astype(np.int64)
        line = batches.codes * (1 + rounds.max(initial=0)) + rounds
        _, first, numbers = np.unique(line, return_index=True, return_inverse=True)
        at = [(batches.at(place), int(rounds[place])) for place in first.tolist()]
        return numbers, at


def _column(values: Sequence[Any]) -> Float64:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _value(figure: float, name: str) -> Any:
    if name == "by_cpu":
        return bool(figure)
    if np.isnan(figure):
        return None
    return int(figure) if name in WHOLE else figure
