"""What a report keeps of a session: figures without the samples, and the way back to them."""

from __future__ import annotations

import gc
import os
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.sessions.record import OwnFile, Plan, Session
from bench.sessions.store import LEFT_OUT, WRITTEN, read_session
from bench.statistics.bursts import by_cpu
from bench.statistics.pooling import counts_of
from bench.statistics.relative import Level
from bench.statistics.stats import order_ranks, quantile, quantiles, timed_ns
from bench.statistics.verdict import Verdict, verdict
from devices.frame import STAGES
from devices.records import DeviceInfo
from zoo.base.errors import RecordError, first_line
from zoo.home import Home

# From so many files on, starting processes to read them costs less than they save.
MANY = 2000
CHUNK = 500
Kept = TypeVar("Kept", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Digest(Level):
    """One session in a thousandth of its size. Latencies in ms.

    machine: what tells the computer that took it from others; None in older sessions.
    protocol: what must be equal to be pooled, in words. interrupted: how many of its samples were,
    of the `told` that it took in turns. by_cpu: its median is of CPU time, for too few samples were
    left alone. fallback: what an accelerator left to the CPU; None where nothing. settings: of the
    runtime for this file. own: of a file of one's own, where that was stored. p90_ms, p95_ms: None
    where it has too few samples for them, or each is the mean of several inferences. load_ms,
    warm_load_ms: the first load and the last one. stages_ms: medians, in the order of a frame's
    stages; empty where they were not timed. known, unknown: names of conditions. effect: the
    logarithm of its time among the files of its pass, where they took turns.
    """

    path: Path
    home: Home
    started_at: datetime
    device: DeviceInfo
    machine: str | None
    plan: Plan
    protocol: str
    verdict: Verdict
    interrupted: int
    told: int
    by_cpu: bool
    runtime_version: str | None
    fallback: str | None
    settings: str | None
    own: OwnFile | None
    p90_ms: float | None
    p95_ms: float | None
    samples: int
    load_ms: float | None
    warm_load_ms: float | None
    first_inference_ms: float | None
    peak_memory_bytes: int | None
    stages_ms: tuple[float, ...]
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    effect: float | None = None


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is made in the block stays to the end, and holds no cycles: the garbage collector, which
    would look at all of it again and again, leaves it alone."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def digests_of(files: Sequence[tuple[Home, Path]]) -> Iterator[Digest | RecordError]:
    """Of each file in turn, or why it could not be read."""
    if len(files) < MANY:
        yield from _digests(files)
        return
    processes = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    spawn = get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=gc.disable)
    with _uncollected(), pool:
        for part in pool.map(_digests, [list(chunk) for chunk in _chunks(files)]):
            yield from part


def _chunks(files: Sequence[tuple[Home, Path]]) -> Iterable[Sequence[tuple[Home, Path]]]:
    return (files[start : start + CHUNK] for start in range(0, len(files), CHUNK))


def _digests(files: Sequence[tuple[Home, Path]]) -> list[Digest | RecordError]:
    found: list[Digest | RecordError] = []
    for home, path in files:
        try:
            found.append(digest(home, path, read_session(path)))
        except RecordError as error:
            seen = home.told(error.seen)
            found.append(RecordError(seen, expected=error.expected, remedy=error.remedy))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # Each figure may be possible by itself, and all of them be of no session.
            seen = home.told(f"{path} gives no figures: {first_line(error)}")
            found.append(RecordError(seen, expected=WRITTEN, remedy=LEFT_OUT))
    return found


def digest(home: Home, path: Path, session: Session) -> Digest:
    """The figures of one session, that was read from `path` under `home`."""
    level = Level.of(session)
    run = session.run
    samples = timed_ns(session) if run else ()
    of_cpu = by_cpu(session)
    # Of CPU times the tail says nothing of what a user waits for, and of means next to nothing.
    no_tail = of_cpu or (run is not None and run.inferences_a_sample > 1)
    ordered = np.sort(np.asarray(() if no_tail else samples, dtype=np.float64)) / 1e6
    before = run.conditions_before if run else {}
    _, interrupted, told = counts_of(session)
    return Digest(
        id=level.id,
        batch=level.batch,
        round=level.round,
        position=level.position,
        request=_one(level.request),
        reference=_one(level.reference),
        median_ms=level.median_ms,
        path=path,
        home=home,
        started_at=session.started_at,
        device=_one(session.device),
        machine=_one(session.machine),
        turns=level.turns,
        plan=_one(session.plan),
        protocol=_one(session.protocol),
        interrupted=interrupted,
        told=told,
        by_cpu=of_cpu,
        verdict=_told(home, verdict(session)),
        runtime_version=_one(run.runtime_version) if run else None,
        fallback=_one(run.fallback) if run else None,
        settings=_one(run.settings) if run else None,
        own=_one(session.own),
        p90_ms=_tail(ordered, 0.9),
        p95_ms=_tail(ordered, 0.95),
        samples=len(samples),
        load_ms=_ms(run.load_ns[0]) if run and run.load_ns else None,
        warm_load_ms=_ms(run.load_ns[-1]) if run and run.load_ns else None,
        first_inference_ms=_ms(run.first_inference_ns) if run else None,
        peak_memory_bytes=run.peak_memory_bytes if run else None,
        stages_ms=_stages(session),
        known=_one(tuple(sorted(n for n, r in before.items() if r.value is not None))),
        unknown=_one(tuple(sorted(n for n, r in before.items() if r.value is None))),
    )


@lru_cache(maxsize=10_000)
def _one(value: Kept) -> Kept:
    """The first value that was equal to this one: sessions share what they have in common."""
    return value


def _told(home: Home, found: Verdict) -> Verdict:
    """A failure's reason may name files."""
    return replace(found, reason=home.told(found.reason)) if found.label == "failed" else found


def _tail(ordered_ms: NDArray[np.float64], share: float) -> float | None:
    known = len(ordered_ms) and order_ranks(len(ordered_ms), share)
    return quantiles(ordered_ms, (share,))[0] if known else None


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6


def _stages(session: Session) -> tuple[float, ...]:
    stages = session.run.series.stages_ns if session.run else None
    if not stages:
        return ()
    return tuple(quantile([ns / 1e6 for ns in stages[name]], 0.5).value for name in STAGES)
