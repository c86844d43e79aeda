"""What the IoUs of a picture are compared with: its best row, over the very same images.

Over images alone every IoU is uncertain by the same photographs; in a difference that cancels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from reports.gather.pairs import iou_difference
from reports.gather.rows import Facet, Row


def with_references(rows: Sequence[Row]) -> list[Row]:
    """The rows, each of known IoU with its difference from the best of its facet."""
    facets: dict[Facet, list[Row]] = defaultdict(list)
    for row in rows:
        if row.joined.iou is not None:
            facets[row.facet].append(row)
    best = {facet: reference_of(those) for facet, those in facets.items()}
    return [_beside(row, best[row.facet]) if row.joined.iou is not None else row for row in rows]


def reference_of(rows: Sequence[Row]) -> Row:
    """Of rows of known IoU the best one, of equal ones the faster; what may stand on no front only
    where nothing may."""
    return min([row for row in rows if row.fit] or rows, key=_merit)


def _merit(row: Row) -> tuple[float, float]:
    assert row.joined.iou is not None
    return -row.joined.iou.value, row.p50_ms.value


def _beside(row: Row, reference: Row) -> Row:
    return replace(
        row,
        reference=reference.model,
        is_reference=row is reference,
        from_reference=iou_difference(row, reference),
    )


def bar_of(row: Row) -> tuple[float, float]:
    """The ends of the IoU's bar in a picture: the interval of the difference from the reference,
    around the row's own IoU; its interval over images where there is no such difference; of too few
    images the IoU itself."""
    iou, difference = row.joined.iou, row.from_reference
    assert iou is not None
    beside = iou if difference is None else difference
    if beside.low is None or beside.high is None:
        return iou.value, iou.value
    shift = iou.value - beside.value
    return shift + beside.low, shift + beside.high


def bars_text(rows: Sequence[Row]) -> list[str]:
    """What the bars of one picture mean, a line or two; none where no IoU is known."""
    known = [row for row in rows if row.joined.iou is not None]
    if not known:
        return []
    lines = [
        f"bars of IoU: 95 % interval of the difference from {known[0].reference} (ringed), on the "
        "same images; where a bar reaches its level line, no difference is sure"
    ]
    if plain := sum(row.from_reference is None for row in known):
        lines.append(
            f"dashed ({plain} of {len(known)}): not counted on the same images, so the plain 95 % "
            "interval over images"
        )
    return lines
