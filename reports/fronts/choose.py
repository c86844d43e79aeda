"""Chooses the variant of most IoU within a budget, and says how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.fronts.fronts import Draws, drawn
from reports.gather.pairs import Pair, pair
from reports.gather.rows import Row
from zoo.artifact.iou import Interval, span_text


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a choice must keep to; None is no limit. Latency is p50."""

    latency_ms: float
    size_bytes: int | None = None
    iou: float | None = None

    def excess(self, row: Row) -> str | None:
        """Why a row is not within it, or None."""
        size, iou = row.joined.size_bytes, row.joined.iou
        if not row.fit or iou is None:
            return "not measured well, rejected, or its IoU not known"
        if self.size_bytes is not None and (size is None or size > self.size_bytes):
            return "larger"
        if self.iou is not None and iou.value < self.iou:
            return "IoU too low"
        return "slower" if row.p50_ms.value > self.latency_ms else None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """row: None where nothing is within the budget. runner_up: the best of the other variants.

    sure: how often, over resampled sessions and images, this variant is the one to choose; None
    where it or the runner-up has too few sessions or images to resample. within: how often its
    latency keeps to the budget. left_out: how many rows for each reason.
    """

    row: Row | None
    runner_up: Row | None
    difference: Pair | None
    sure: float | None
    within: float | None
    left_out: dict[str, int]


def choose(rows: Sequence[Row], budget: Budget, draws: Draws | None = None) -> Choice:
    """Among rows of one place, of any runtime and precision. draws: of the `rivals`, where they are
    at hand; they are the same for every latency."""
    left_out: dict[str, int] = {}
    for reason in filter(None, map(budget.excess, rows)):
        left_out[reason] = left_out.get(reason, 0) + 1
    ranked = sorted((row for row in rows if budget.excess(row) is None), key=_merit)
    if not ranked:
        return Choice(
            row=None, runner_up=None, difference=None, sure=None, within=None, left_out=left_out
        )
    best = ranked[0]
    runner_up = next((row for row in ranked if row.model != best.model), None)
    few = not all(row.redrawn for row in (best, runner_up) if row)
    sure, within = (None, None) if few else _chances(rows, best, budget, draws)
    return Choice(
        row=best,
        runner_up=runner_up,
        difference=pair(best, runner_up) if runner_up else None,
        sure=sure,
        within=within,
        left_out=left_out,
    )


def _merit(row: Row) -> tuple[float, float]:
    """Most IoU first; of equal IoU the faster file."""
    assert row.joined.iou is not None
    return (-row.joined.iou.value, row.p50_ms.value)


def rivals(rows: Sequence[Row], budget: Budget) -> list[Row]:
    """What might be chosen, were its latency less."""
    return [row for row in rows if row.fit and budget.excess(row) in (None, "slower")]


def _chances(
    rows: Sequence[Row], best: Row, budget: Budget, draws: Draws | None
) -> tuple[float, float]:
    among = rivals(rows, budget)
    latency, iou = drawn(among) if draws is None else draws
    within = latency <= budget.latency_ms
    # Less latency decides between equal IoUs, as it does for the choice itself.
    order = np.lexsort((latency, np.where(within, -iou, np.inf)), axis=-1)
    winners = np.take_along_axis(within, order[:, :1], axis=-1)[:, 0]
    models = np.array([row.model == best.model for row in among])
    place = among.index(best)
    return float(np.mean(winners & models[order[:, 0]])), float(np.mean(within[:, place]))


def choice_text(choice: Choice, budget: Budget) -> str:
    """In one paragraph."""
    return " ".join(choice_lines(choice, budget))


def choice_lines(choice: Choice, budget: Budget) -> list[str]:
    """A sentence or four: the variant, which is next, and how sure it is."""
    limit = f"within {float(f'{budget.latency_ms:.3g}'):,g} ms"
    row = choice.row
    if row is None:
        reasons = "; ".join(f"{count} {why}" for why, count in sorted(choice.left_out.items()))
        return [f"Nothing is {limit}: {reasons or 'no row at all'}."]
    lines = [f"The best {limit} is {_text(row)}."]
    if choice.runner_up is None:
        lines.append("No other variant is within it.")
    else:
        difference = choice.difference.iou if choice.difference else None
        lines.append(f"Next: {_text(choice.runner_up)}{_lower(difference)}.")
    if choice.sure is None:
        lines.append("How sure that is cannot be said: too few sessions or images.")
    else:
        lines.append(
            f"With sessions and images drawn again, the first is chosen in {choice.sure:.0%} of "
            f"cases; it is {limit} in {choice.within:.0%}."
        )
    if any(row.joined.of_reference for row in (row, choice.runner_up) if row):
        lines.append("IoU is of the reference export of these weights, not of the file timed.")
    return lines


def _text(row: Row) -> str:
    iou = row.joined.iou
    assert iou is not None
    on = f" on {row.joined.iou_on}" if row.joined.iou_on else ""
    return f"{row.model} ({row.facet.how}), IoU{on} {iou.text}, p50 {row.p50_ms.text} ms{row.clock}"


def _lower(difference: Interval | None) -> str:
    if difference is None:
        return ""
    span = span_text(difference.low, difference.high, ".2f", 100)
    told = "" if difference.apart else ", not distinguishable on these images"
    return f"; its IoU is lower by {100 * difference.value:.2f} points {span}{told}"
