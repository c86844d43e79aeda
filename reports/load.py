"""Joins sessions with the artifacts they timed and the checkpoints those came from, by hash.

What cannot be joined is an orphan, shown with the reason.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bench.naming import told_apart
from bench.statistics.pooling import CONTENDED_CORES, contended_batches
from bench.statistics.relative import relative_levels
from devices.base import RunRequest
from reports.fronts.fronts import with_fronts
from reports.gather.accuracy import join
from reports.gather.digest import Digest
from reports.gather.effects import with_effects
from reports.gather.joined import WORST, Joined
from reports.gather.merge import merged
from reports.gather.read import read_digests
from reports.gather.reference import with_references
from reports.gather.report import Failed, Report
from reports.gather.rows import Beside, row_of
from zoo.base.errors import DataError, RecordError
from zoo.home import Home

_File = tuple[str, int | None, str, str, str]


def load(home: Home, *others: Home, data: str | None = None) -> Report:
    """The report of every session stored under `home`, and under the others.

    data: which data set the IoU is of, or `worst`; see `joined.on_data`. Raises RecordError where
    homes contradict one another, DataError where no file was counted on `data`.
    """
    digests, problems = read_digests([home, *others])
    report = report_of(digests, problems, partial(join, data=data))
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
    read: Sequence[Digest],
    problems: Sequence[RecordError],
    accuracy_of: Callable[[Home, RunRequest], Joined],
) -> Report:
    """Of sessions that were read, each file's accuracy looked up once."""
    digests, apart = merged(read)
    digests = with_effects(_marked(digests))
    counted = [digest for digest in digests if digest.verdict.counts]
    effects = {one.id: one.effect for one in counted if one.effect is not None}
    logs, speeds = relative_levels(counted, effects), _speeds(counted)
    peaks: dict[tuple[object, ...], int] = {}
    groups: dict[tuple[object, ...], list[Digest]] = defaultdict(list)
    for digest in digests:
        if digest.verdict.label == "memory":
            peaks[_file_key(digest)] = digest.peak_memory_bytes or 0
        else:
            groups[_file_key(digest), digest.plan.loop, digest.protocol].append(digest)
    names = told_apart({d.request: d.own.path if d.own else None for d in digests})
    known: dict[tuple[Home, _File], Joined] = {}
    rows, failed = [], []
    for group in groups.values():
        if not any(digest.timed for digest in group):
            failed.append(_failed(group, names))
            continue
        last = group[-1]
        file = (last.home, _file(last.request))
        if file not in known:
            known[file] = _told(last.home, accuracy_of(last.home, last.request))
        beside = Beside(logs=logs, effects=effects, speeds=speeds, names=names)
        joined = known[file]
        if last.own is not None:
            joined = replace(joined, size_bytes=last.own.size_bytes)
        rows.append(row_of(group, joined, beside, peaks.get(_file_key(last)) or None))
    marked, volumes = with_fronts(rows)
    ordered = sorted(with_references(marked), key=lambda row: (row.facet.order, row.p50_ms.value))
    return Report(
        rows=tuple(ordered),
        failed=tuple(failed),
        problems=tuple(problems),
        volumes=tuple(volumes),
        apart=tuple(apart),
    )


def _marked(digests: Sequence[Digest]) -> list[Digest]:
    """Those of a run on contended cores say so, and so stand apart from the others."""
    contended = contended_batches((d.batch, *d.interrupted) for d in digests)
    return [
        replace(digest, protocol=f"{digest.protocol}, {CONTENDED_CORES}")
        if contended[digest.batch]
        else digest
        for digest in digests
    ]


def _speeds(digests: Sequence[Digest]) -> dict[RunRequest, dict[tuple[str, int], float]]:
    """Of each file that took turns: its median in each pass."""
    found: dict[RunRequest, dict[tuple[str, int], float]] = defaultdict(dict)
    for digest in digests:
        if digest.effect is not None and digest.median_ms is not None:
            found[digest.request][digest.batch, digest.round] = digest.median_ms
    return found


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


def _file_key(digest: Digest) -> tuple[object, ...]:
    """What may be pooled, with the loop: the same file, device, runtime and threads."""
    how = (digest.runtime_version, digest.fallback, digest.settings)
    return (digest.request, digest.device, digest.runtime_version and how)


def _failed(group: Sequence[Digest], names: Mapping[RunRequest, str]) -> Failed:
    last = group[-1]
    return Failed(
        model=names[last.request],
        runtime=last.request.runtime,
        reason=last.verdict.reason,
        sessions=tuple(digest.id for digest in group),
    )
