"""Joins sessions with the artifacts they timed and the checkpoints those came from, by hash.

What cannot be joined is an orphan, shown with the reason.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bench.statistics.pooling import CONTENDED_CORES, contended_batches
from devices.records import RunRequest
from reports.fronts.fronts import with_fronts
from reports.gather.accuracy import join
from reports.gather.groups import beside_others, groups
from reports.gather.joined import WORST, Joined
from reports.gather.merge import merged
from reports.gather.pooled import row_of
from reports.gather.reference import with_references
from reports.gather.report import Failed, Report
from reports.stored.effects import joined_effects
from reports.stored.read import read_sessions
from reports.stored.sessions import Places, Sessions, Shared
from zoo.base.errors import DataError, RecordError
from zoo.home import Home

_File = tuple[str, int | None, str, str, str]


def load(home: Home, *others: Home, data: str | None = None) -> Report:
    """The report of every session stored under `home`, and under the others.

    data: which data set the IoU is of, or `worst`; see `joined.on_data`. Raises RecordError where
    homes contradict one another, DataError where no file was counted on `data`.
    """
    sessions, problems = read_sessions([home, *others])
    report = report_of(sessions, problems, partial(join, data=data))
    if data is not None:
        _check_counted(report, data)
    return report


def _check_counted(report: Report, data: str) -> None:
    """That the data set is one that some file was counted on."""
    known = sorted({name for row in report.rows for name in row.joined.ious})
    if report.rows and data not in (*known, WORST):
        raise DataError(
            f"no file was counted on {data!r}",
            expected=f"one of {', '.join([*known, WORST])}",
            remedy=f"bench eval --model NAME --data {shlex.quote(data)}",
        )


def report_of(
    read: Sessions,
    problems: Sequence[RecordError],
    accuracy_of: Callable[[Home, RunRequest], Joined],
) -> Report:
    """Of sessions that were read, each file's accuracy looked up once."""
    sessions, apart = merged(read)
    sessions = _marked(joined_effects(sessions))
    beside = beside_others(sessions)
    accuracies = _Accuracies(accuracy_of)
    rows, failed = [], []
    for places in groups(sessions):
        last = sessions.digest(places[-1])
        if not sessions.timed[places].any():
            failed.append(_failed(sessions, places, beside.names[last.request]))
            continue
        joined = accuracies.of(sessions, places, last.request)
        if last.own is not None:
            joined = replace(joined, size_bytes=last.own.size_bytes)
        rows.append(row_of(sessions, places, joined, beside))
    marked, volumes = with_fronts(rows)
    ordered = sorted(with_references(marked), key=lambda row: (row.facet.order, row.p50_ms.value))
    return Report(
        rows=tuple(ordered),
        failed=tuple(failed),
        problems=tuple(problems),
        volumes=tuple(volumes),
        apart=tuple(apart),
    )


class _Accuracies:
    """Of each file in each home, looked up once."""

    def __init__(self, accuracy_of: Callable[[Home, RunRequest], Joined]) -> None:
        self._accuracy_of = accuracy_of
        self._known: dict[tuple[Home, _File], Joined] = {}

    def of(self, sessions: Sessions, places: Places, request: RunRequest) -> Joined:
        """As the home of the latest session has it; where nothing is known there, as another one
        has it: a phone may have been measured from a computer that holds no accuracy."""
        home = sessions.shared["home"]
        latest_first = dict.fromkeys(home.codes[places[::-1]].tolist())
        found = [self._in(home.values[code], request) for code in latest_first]
        return min(found, key=lambda one: (one.orphan is not None, one.iou is None))

    def _in(self, home: Home, request: RunRequest) -> Joined:
        file = (home, _file(request))
        if file not in self._known:
            self._known[file] = _told(home, self._accuracy_of(home, request))
        return self._known[file]


def _marked(sessions: Sessions) -> Sessions:
    """Those of a run on contended cores say so, and so stand apart from the others."""
    batch, protocol = sessions.shared["batch"], sessions.shared["protocol"]
    counts = [
        np.bincount(batch.codes, sessions.figures[name], len(batch.values)).tolist()
        for name in ("interrupted", "told")
    ]
    contended = contended_batches(zip(batch.values, *counts, strict=True))
    marked = np.where(batch.where(contended.__getitem__), len(protocol.values), 0)
    values = [*protocol.values, *(f"{text}, {CONTENDED_CORES}" for text in protocol.values)]
    codes = (protocol.codes + marked).astype(np.int32)
    return sessions.changed(protocol=Shared(values=tuple(values), codes=codes))


def _told(home: Home, joined: Joined) -> Joined:
    """With its reasons as they may be shown to others."""
    orphan, reason, remedy = joined.orphan, joined.iou_reason, joined.remedy
    return replace(
        joined,
        orphan=orphan and home.told(orphan),
        iou_reason=reason and home.told(reason),
        remedy=remedy and home.told(remedy),
    )


def _file(request: RunRequest) -> _File:
    """However it was run."""
    return (request.model, request.size, request.format, request.precision, request.artifact_sha256)


def _failed(sessions: Sessions, places: Places, name: str) -> Failed:
    return Failed(
        model=name,
        runtime=sessions.shared["request"].at(places[-1]).runtime,
        reason=sessions.verdict(places[-1]).reason,
        sessions=tuple(map(sessions.id, places.tolist())),
    )
