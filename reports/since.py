"""What moved since an earlier report: latencies, IoUs, fronts, and what came or went."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError, model_validator

from bench.statistics.ratios import Ratio, Runs, by_run, holm, unpaired_ratio
from bench.statistics.stats import CONFIDENCE
from reports.gather.flat import record
from reports.gather.report import Report
from zoo.base.errors import RecordError
from zoo.base.frozen import Frozen

# What makes two rows the same thing to a reader, though its file, runtime or system may be new.
ALIKE = ("model", "device_kind", "device", "runtime", "threads", "precision", "protocol")
# What then may have changed, and is named.
CHANGED = ("runtime_version", "device_os", "artifact_sha256", "iou_of")
Flat = Mapping[str, Any]
# So much of the pooled IoU is a change of the file, and no rounding.
IOU_STEP = 0.0005
ABSOLUTE = "absolute: the device's own drift is in it"


class OldRow(Frozen):
    """What is needed of a row of an earlier report's rows.json."""

    model: str
    device: str
    device_os: str
    device_kind: str
    # Of its kind which one; earlier reports did not say.
    device_unit: str | None = None
    runtime: str
    runtime_version: str
    threads: int
    precision: str
    protocol: str
    artifact_sha256: str
    iou: float | None
    iou_of: str | None
    on_front: bool
    relative_to: str | None
    relative_to_sha256: str | None = None
    sessions: str
    # Earlier reports did not say: their sessions pass for those of one run.
    session_runs: str | None = None
    session_medians_ms: str
    session_relatives: str

    model_config = Frozen.model_config | {"extra": "ignore"}

    @model_validator(mode="after")
    def _a_figure_each(self) -> Self:
        ids = self.sessions.split()
        columns = [self.session_medians_ms, self.session_relatives]
        figures = [column.split() for column in columns]
        runs = ids if self.session_runs is None else self.session_runs.split()
        if any(len(each) != len(ids) for each in (runs, *figures)):
            raise ValueError("not as many figures as sessions")
        for text in (text for column in figures for text in column if text != "-"):
            if not 0 < float(text) < math.inf:
                raise ValueError(f"{text} is no latency")
        return self


@dataclass(frozen=True, kw_only=True)
class Moves:
    """since: where the earlier report lies. Each of the others is a sentence a row."""

    since: str
    latency: tuple[str, ...]
    iou: tuple[str, ...]
    front: tuple[str, ...]
    changed: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    compared: int

    @property
    def lines(self) -> list[str]:
        """All of them, or that nothing moved."""
        found = [*self.latency, *self.iou, *self.front, *self.changed, *self.new, *self.gone]
        count = f"{self.compared} rows were measured anew"
        return [*found, count] if found else [f"{count}: nothing moved that they could tell"]


def moves_since(old: Path, report: Report) -> Moves:
    """`old`: a report's folder, or its rows.json. Raises RecordError where it is neither.

    A latency has moved when its new sessions differ from the old ones (`unpaired_ratio`), at the
    95 % level over all rows together; relative to the reference where both reports have the same.
    """
    earlier = read_old(old)
    told = all("device_unit" in row.model_fields_set for row in earlier)
    before = _by_name([row.model_dump() for row in earlier], told)
    after = _by_name([record(row) for row in report.rows], told)
    both = [_pair(before[name], after[name]) for name in after if name in before]
    ratios = {id(new): found for was, new in both if (found := _ratio(was, new))}
    adjusted = dict(zip(ratios, holm([ratio.p for ratio, _ in ratios.values()]), strict=True))
    latency, iou, front, changed = [], [], [], []
    for was, new in both:
        name, (ratio, how) = _name(new, told), ratios.get(id(new), (None, ""))
        if ratio and ratio.differs and adjusted[id(new)] <= 1 - CONFIDENCE:
            latency.append(f"{name}: latency {_times(ratio)}, {how}")
        iou += _iou(name, was, new)
        if was["on_front"] != new["on_front"]:
            front.append(f"{name}: {'came onto' if new['on_front'] else 'left'} the front")
        changed += [
            f"{name}: {key} was {was[key]}, is {new[key]}"
            for key in CHANGED
            if was[key] != new[key]
        ]
    return Moves(
        since=str(old),
        latency=tuple(latency),
        iou=tuple(iou),
        front=tuple(front),
        changed=tuple(changed),
        new=tuple(f"{name}: new" for name in after if name not in before),
        gone=tuple(f"{name}: gone" for name in before if name not in after),
        compared=len(ratios),
    )


def read_old(path: Path) -> list[OldRow]:
    """Raises RecordError, naming the file."""
    file = path / "rows.json" if path.is_dir() else path
    try:
        value = json.loads(file.read_bytes())
        return TypeAdapter(list[OldRow]).validate_python(value["rows"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise RecordError(
            f"{file} is no earlier report: {detail}",
            expected="a folder that bench report wrote, or the rows.json in it",
            remedy="keep a report by bench report --output NAME, and give NAME to --since later",
        ) from error


def _by_name(rows: Sequence[Flat], told: bool) -> dict[str, list[Flat]]:
    """Several are of one name where a file was made again, or a runtime is newer. told: whether
    the earlier report told devices of one kind apart."""
    found: dict[str, list[Flat]] = defaultdict(list)
    for row in rows:
        found[_name(row, told)].append(row)
    return found


def _name(row: Flat, told: bool) -> str:
    unit = f" [{row['device_unit'][:6]}]" if told and row["device_unit"] else ""
    return " ".join(str(row[key]) for key in ALIKE) + unit


def _pair(before: Sequence[Flat], after: Sequence[Flat]) -> tuple[Flat, Flat]:
    """The one that was measured most since, and the earlier one that is most like it."""
    known = {id for row in before for id in row["sessions"].split()}
    new = max(after, key=lambda row: len(set(row["sessions"].split()) - known))
    was = max(before, key=lambda row: sum(row[key] == new[key] for key in CHANGED))
    return was, new


def _ratio(was: Flat, new: Flat) -> tuple[Ratio, str] | None:
    """Of the sessions that the earlier report did not have, and to what it is relative; None where
    there are none."""
    to = {"session_relatives": f"relative to {new['relative_to']}"} if _relative(was, new) else {}
    for column, how in (to | {"session_medians_ms": ABSOLUTE}).items():
        past = _runs(was, column, without=frozenset())
        fresh = _runs(new, column, without=frozenset(was["sessions"].split()))
        if fresh and past:
            return unpaired_ratio(fresh, past), how
    return None


def _runs(row: Flat, column: str, without: frozenset[str]) -> Runs:
    ids, figures = row["sessions"].split(), row[column].split()
    runs = (row["session_runs"] or "0 " * len(ids)).split()
    return by_run(
        (run, math.log(float(figure)))
        for id, run, figure in zip(ids, runs, figures, strict=True)
        if id not in without and figure != "-"
    )


def _relative(was: Flat, new: Flat) -> bool:
    """Whether both are to one file; earlier reports tell its name alone."""
    if not was["relative_to"] or was["relative_to"] != new["relative_to"]:
        return False
    return was["relative_to_sha256"] in (None, new["relative_to_sha256"])


def _times(ratio: Ratio) -> str:
    """`1.2 [1.1, 1.3] of what it was, over 6 and 8 sessions`."""
    counts = " and ".join(map(str, reversed(ratio.counts)))
    return f"{ratio.text} of what it was, over {counts} {ratio.replicates}"


def _iou(name: str, was: Flat, new: Flat) -> list[str]:
    if was["iou"] is None or new["iou"] is None:
        told = ["not measured" if row["iou"] is None else f"{row['iou']:.3f}" for row in (was, new)]
        return [] if told[0] == told[1] else [f"{name}: IoU was {told[0]}, is {told[1]}"]
    change = new["iou"] - was["iou"]
    if was["iou_of"] != new["iou_of"] or abs(change) < IOU_STEP:
        return []
    return [f"{name}: IoU {100 * change:+.2f} points, to {new['iou']:.3f}"]
