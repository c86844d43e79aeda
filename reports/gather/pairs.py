"""Every two rows that may be compared: IoU over the same images, latency over the same rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.statistics.ratios import Ratio, Runs, by_run, ratio_over_passes, unpaired_ratio
from reports.gather.rows import Row
from zoo.artifact.iou import Interval, interval

# So many rounds of two rows make a paired ratio; with fewer they are taken unpaired.
FEWEST_ROUNDS = 6
# The latest of very many; intervals are narrow by then.
MOST_SESSIONS = 60


@dataclass(frozen=True, kw_only=True)
class Pair:
    """How the first row stands to the second.

    iou: its IoU minus the other's; None where they were not counted on the same images. latency:
    its latency over the other's; None where either has no session that counts. paired: whether it
    is of passes that both were in.
    """

    iou: Interval | None
    latency: Ratio | None
    paired: bool


def pair(one: Row, other: Row) -> Pair:
    """Both of one device and protocol."""
    latency, paired = latency_ratio(one, other)
    return Pair(iou=iou_difference(one, other), latency=latency, paired=paired)


def iou_difference(one: Row, other: Row) -> Interval | None:
    """Over the same images; None where there are none."""
    ours, theirs = one.joined, other.joined
    if ours.iou is None or theirs.iou is None or ours.iou_of != theirs.iou_of:
        return None
    if ours.counts is theirs.counts or ours.counts == theirs.counts:
        return Interval(value=0.0, low=0.0, high=0.0)
    if [c.image for c in ours.counts] != [c.image for c in theirs.counts]:
        return None
    difference = ours.iou.value - theirs.iou.value
    return interval(difference, ours.draws - theirs.draws, ours.images)


def latency_ratio(one: Row, other: Row) -> tuple[Ratio | None, bool]:
    """And whether it is of pairs: of rounds in which both were measured."""
    if not (one.usable and other.usable):
        return None, False
    ours, theirs = one.logs_by_round, other.logs_by_round
    shared = [at for at in ours if at in theirs][-MOST_SESSIONS:]
    if len(shared) >= FEWEST_ROUNDS:
        return ratio_over_passes([ours[at] - theirs[at] for at in shared]), True
    return unpaired_ratio(_runs(one), _runs(other)), False


def _runs(row: Row) -> Runs:
    logs = map(math.log, row.session_medians_ms[-MOST_SESSIONS:])
    return by_run(zip(row.session_runs[-MOST_SESSIONS:], logs, strict=True))
