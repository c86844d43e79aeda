"""Compares sessions that lie in the store: nothing is paired, and unlike conditions are refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.compare import Comparison, Side, against_first
from bench.sessions.record import Session
from bench.statistics.pooling import CONTENDED_CORES, contended_batches, counts_of
from bench.statistics.ratios import by_run, unpaired_ratio
from bench.statistics.relative import relative_logs
from bench.statistics.stats import session_median_ms
from bench.statistics.verdict import verdict
from bench.work.find import end_of_path
from bench.work.naming import by_content
from bench.work.subject import Subject
from bench.work.typed_inputs import Said, said, typed_file, ways_to_run, written
from devices.records import DeviceInfo, Loop, RunRequest
from zoo.base.errors import RecordError, UnknownName
from zoo.base.pictures import shown
from zoo.base.provenance import machine
from zoo.runtime.members import sha256_of_model

# What may differ between two sides, by the factor that was declared.
FREE: Mapping[str, frozenset[str]] = {
    "variant": frozenset({"model", "size", "inputs", "artifact_sha256"}),
    "file": frozenset({"model", "artifact_sha256", "inputs"}),
    "format": frozenset(
        {"model", "artifact_sha256", "inputs", "runtime", "runtime_version", "settings", "format"}
    ),
    "precision": frozenset({"precision", "settings", "artifact_sha256"}),
    "runtime": frozenset({"runtime", "runtime_version", "settings", "format", "artifact_sha256"}),
    "threads": frozenset({"threads"}),
    "date": frozenset(),
    "commit": frozenset({"artifact_sha256"}),
}
# Conditions that are held equal where both sides know them.
HELD = ("governor", "turbo", "power", "cores")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which stored sessions one side is: of a subject, on a device and in a mode, of a day or a
    commit where they are given (a commit by its beginning, a date as YYYY-MM-DD, UTC). loop: of
    which the mode, the period and the frame count. sha256: of a file of one's own as it is now,
    where another of its name may be stored."""

    subject: Subject
    device: DeviceInfo
    loop: Loop
    date: str | None = None
    commit: str | None = None
    sha256: str | None = None

    @property
    def file(self) -> tuple[str, str, str | None]:
        """Its name, hash and the end of its path, where it is a file of one's own."""
        what = self.subject.what
        path = end_of_path(what) if isinstance(what, Path) else None
        return (shown(what.name), self.sha256 or "", path)

    def of_its_content(self) -> Selection:
        """The same, of the very file that lies there now. Raises ArtifactError."""
        what = self.subject.what
        return replace(self, sha256=sha256_of_model(what)) if isinstance(what, Path) else self

    def takes(self, session: Session) -> bool:
        subject, request = self.subject, session.request
        model = shown(subject.what.name)
        day, commit = f"{session.started_at:%Y-%m-%d}", session.commit or ""
        return (
            session.timed
            and _on(self.device, session)
            and _mode(session.plan.loop) == _mode(self.loop)
            and request.model == model
            and self.sha256 in (None, request.artifact_sha256)
            and request.origin == subject.origin
            and request.runtime == subject.runtime
            and request.threads == subject.threads
            and self._fed_alike(request)
            and (request.origin == "file" or request.precision == subject.precision)
            and (self.date is None or day == self.date)
            and (self.commit is None or commit.startswith(self.commit))
        )

    def _fed_alike(self, request: RunRequest) -> bool:
        """Whether it was fed what was said of its inputs."""
        feeds = {feed.name: feed for feed in request.inputs}
        return self.subject.signature in (None, request.signature) and all(
            one.allows(feeds[name]) for name, one in self._said.items() if name in feeds
        )

    @cached_property
    def _said(self) -> dict[str, Said]:
        """Read once, for all sessions that are asked about."""
        return said(self.subject.inputs)


def _on(device: DeviceInfo, session: Session) -> bool:
    """Whether it was taken on that phone, that kind of browser, or some computer. What else may
    differ, such as the system, is not for choosing by: it is told."""
    found = session.device
    return found.kind == device.kind and device.unit in (None, found.unit)


def _mode(loop: Loop) -> tuple[object, ...]:
    return (loop.mode, loop.period_ms, loop.frame)


def compare_stored(
    selections: Sequence[Selection], names: Sequence[str], stored: Sequence[Session], factor: str
) -> list[Comparison]:
    """Each of the others against the first.

    Relative to the reference, the devices' drift divided out, where all sessions have one and the
    same; else by the latencies as they are. Runs under another load than the latest one that all
    sides share are left out. Raises UnknownName where no session of a side counts, RecordError
    where conditions are unlike, naming the key and both values.
    """
    counted = [s for s in stored if s.timed and verdict(s).counts]
    of = [_here([s for s in counted if selection.takes(s)]) for selection in selections]
    for side, name, selection in zip(of, names, selections, strict=True):
        if not side:
            raise UnknownName(
                f"no session of {name} that counts is stored",
                expected="stored sessions of every side",
                remedy=f"{_run(selection.subject)}, or leave --stored out to measure now",
            )
    contended = contended_batches(map(counts_of, counted))
    found = sum(map(len, of))
    of = _under_one_load(of, contended)
    left_out = found - sum(map(len, of))
    _refuse_unlike(of, FREE[factor], contended)
    logs, how = relative_logs(counted), "of the store, relative to the reference of their passes"
    if not _one_reference(of) or not all(s.id in logs for side in of for s in side):
        medians = {s.id: session_median_ms(s) for side in of for s in side}
        logs = {one: math.log(found) for one, found in medians.items() if found}
        how = "of the store, as they are"
    first, *others = [by_run((s.batch, logs[s.id]) for s in side) for side in of]
    ratios = [unpaired_ratio(values, first) for values in others]
    sides = [Side.of(name, side) for name, side in zip(names, of, strict=True)]
    if left_out:
        how += f", {left_out} sessions under another load left out"
    return against_first(sides, ratios, factor, how)


def _here(side: list[Session]) -> list[Session]:
    """Of several computers those of this one, where it has any."""
    own = [s for s in side if s.device.unit is not None or s.machine in (None, machine())]
    return own or side


def _run(subject: Subject) -> str:
    """What would measure a side; of a file of one's own with what was said of its inputs."""
    if isinstance(subject.what, Path):
        fed = written(said(subject.inputs), subject.signature)
        return " ".join(["bench run", typed_file(subject.what), *ways_to_run(subject), *fed])
    return " ".join([f"bench run --model {subject.what.name}", *ways_to_run(subject)])


def names_of(selections: Sequence[Selection]) -> list[str]:
    """Of each the model's name, or what tells its file from others of that name."""
    names = by_content([one.file for one in selections])
    return [names[one.file[:2]] for one in selections]


def _one_reference(sides: Sequence[Sequence[Session]]) -> bool:
    references: set[RunRequest | None] = {s.reference for side in sides for s in side}
    return len(references) == 1 and None not in references


def _under_one_load(
    sides: Sequence[Sequence[Session]], contended: Mapping[str, bool]
) -> list[list[Session]]:
    """The runs under the latest load that every side has runs of; all of them where none is."""
    shared = set.intersection(*({contended[s.batch] for s in side} for side in sides))
    able = [s for side in sides for s in side if contended[s.batch] in shared]
    if not able:
        return [list(side) for side in sides]
    load = contended[max(able, key=lambda s: s.started_at).batch]
    return [[s for s in side if contended[s.batch] == load] for side in sides]


def _refuse_unlike(
    sides: Sequence[Sequence[Session]], free: frozenset[str], contended: Mapping[str, bool]
) -> None:
    """Within a side nothing may differ; between sides, nothing but the factor."""
    for side in sides:
        for session in side[1:]:
            _same(side[0], session, frozenset(), contended)
        _same(sides[0][0], side[0], free, contended)


def _same(
    one: Session, other: Session, free: frozenset[str], contended: Mapping[str, bool]
) -> None:
    ours, theirs = _facts(one, contended), _facts(other, contended)
    for key in ours.keys() & theirs.keys() - free:
        if ours[key] != theirs[key]:
            raise RecordError(
                f"unlike conditions: {key} is {ours[key]!r} in session {one.id} "
                f"and {theirs[key]!r} in session {other.id}",
                expected="sessions that differ in nothing but the declared factor",
                remedy=_remedy(key),
            )


def _remedy(key: str) -> str:
    # A day or a commit may hold runs under either load.
    if key == CONTENDED_CORES:
        return "leave --stored out to measure all sides under one load"
    if key in ("inputs", "signature"):
        return "say which with --input or --signature, or leave --stored out to measure now"
    return "choose with --date or --commit, or leave --stored out to measure now"


def _facts(session: Session, contended: Mapping[str, bool]) -> dict[str, Any]:
    """Everything that may make two sessions unlike; conditions only where they are known."""
    assert session.run is not None
    known = {
        name: reading.value
        for name, reading in session.run.conditions_before.items()
        if name in HELD and reading.value is not None
    }
    # A phone is the same, whatever computer it hangs on.
    host = session.device.unit is None and session.machine is not None
    return {
        **({"machine": session.machine} if host else {}),
        **session.device.model_dump(),
        **session.request.model_dump(),
        "runtime_version": session.run.runtime_version,
        "settings": session.run.settings,
        "protocol": session.protocol,
        "loop": session.plan.loop,
        CONTENDED_CORES: contended[session.batch],
        **known,
    }


def varied(dates: Sequence[str], commits: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Every combination of the days and commits that were given."""
    return [(date, commit) for date in dates or (None,) for commit in commits or (None,)]
