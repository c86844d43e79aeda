"""The page's data: what its scripts draw and filter. Nothing is computed there that is not here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.statistics.ratios import Ratio
from bench.statistics.stats import Quantile
from reports.fronts.pareto import staircase
from reports.gather.details import Share, details, figure
from reports.gather.pairs import iou_difference, latency_ratio
from reports.gather.places import Place, places
from reports.gather.report import Report
from reports.gather.rows import Facet, Row
from reports.gather.unmeasured import missing, typed_model
from reports.pictures.figures import look
from reports.text.tables import elsewhere_text
from zoo.artifact.iou import ImageCounts, Interval

# The same marks in the page as in the pictures beside it.
SHAPES = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "triangle-right",
    "*": "triangle-left",
    "p": "arrow",
    "h": "wedge",
    # As paths: a narrow rhomb, one that is wide, two darts and two stars.
    "d": "M0,-1L0.5,0L0,1L-0.5,0Z",
    "8": "M0,-0.5L1,0L0,0.5L-1,0Z",
    "<": "M0.8,-1L-0.8,0L0.8,1L0.2,0Z",
    ">": "M-0.8,-1L0.8,0L-0.8,1L-0.2,0Z",
    "4 rays": "M0,-1L0.25,-0.25L1,0L0.25,0.25L0,1L-0.25,0.25L-1,0L-0.25,-0.25Z",
    "6 rays": "M0,-1L0.25,-0.43L0.87,-0.5L0.5,0L0.87,0.5L0.25,0.43L0,1L-0.25,0.43L-0.87,0.5L-0.5,0"
    "L-0.87,-0.5L-0.25,-0.43Z",
    # A hexagon, of what was imported.
    "H": "M0,-1L0.87,-0.5L0.87,0.5L0,1L-0.87,0.5L-0.87,-0.5Z",
}
Source = tuple[str | None, tuple[ImageCounts, ...]]
# Of more rows of one place, or of more counts, none can be compared in the page.
MOST_COMPARED, MOST_COUNTS = 64, 128


def payload(report: Report) -> dict[str, Any]:
    """For JSON: the rows' values in the order of `names`, and the places that refer to rows by
    number."""
    share, texts = Share.of(len(report.rows)), Texts()
    sources = {source: number for number, source in enumerate(_sources(report.rows))}
    numbers = {id(row): number for number, row in enumerate(report.rows)}
    beside = {id(row): place.rows for place in places(report) for row in place.rows}
    volumes = {volume.facet: volume for volume in report.volumes}
    rows = [
        texts.within(_row(row) | details(row, share) | {"missing": missing(row, beside[id(row)])})
        | {"source": sources.get(_source(row))}
        for row in report.rows
    ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "names": names,
        "rows": [[row.get(name) for name in names] for row in rows],
        "pairs": _iou_pairs(report.rows),
        "texts": texts.known,
        "places": [
            {
                "key": place.key,
                "title": place.title,
                "emulated": place.device.emulated,
                "rows": [numbers[id(row)] for row in place.rows],
                "facets": [_facet(facet, place, numbers, volumes) for facet in place.facets],
                "pairs": _latency_pairs(place.rows),
            }
            for place in places(report)
        ],
    }


class Texts:
    """Texts that many rows have in common stand once; the rows hold their numbers."""

    SHARED = ("how", "beside", "fallback", "conditions", "chain", "left_out", "unknown", "missing")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def known(self) -> list[str]:
        return list(self._numbers)

    def within(self, row: dict[str, Any]) -> dict[str, Any]:
        return row | {name: self._numbered(row[name]) for name in self.SHARED if name in row}

    def _numbered(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._numbers.setdefault(value, len(self._numbers))
        return value if value is None else [self._numbered(one) for one in value]


def _facet(
    facet: Facet, place: Place, numbers: dict[int, int], volumes: dict[Facet, Any]
) -> dict[str, Any]:
    rows = [row for row in place.rows if row.facet == facet]
    fit = [(row.p50_ms.value, row.joined.iou.value) for row in rows if row.fit and row.joined.iou]
    steps = staircase(*zip(*fit, strict=True)) if fit else ((), ())
    volume = volumes.get(facet)
    reference = next((numbers[id(row)] for row in rows if row.is_reference), None)
    return {
        "title": facet.how,
        "reference": reference,
        "rows": [numbers[id(row)] for row in rows],
        "steps": [[figure(x), figure(y)] for x, y in zip(*steps, strict=True)],
        "volume": volume and [figure(volume.value), _interval(volume.share)],
    }


def _row(row: Row) -> dict[str, Any]:
    facet, joined, paper = row.facet, row.joined, row.complexity
    colour, marker = look(row)
    return {
        "key": row.key,
        "model": row.model,
        "typed": typed_model(row),
        "origin": row.origin,
        "label": row.label,
        "how": facet.how,
        # Equal for the files of a variant in every precision.
        "beside": facet.of_every_precision.how,
        "fallback": row.last.fallback,
        "runtime": facet.runtime,
        "version": facet.runtime_version,
        "threads": facet.threads,
        "precision": facet.precision,
        "parameters": paper and paper.parameters,
        "macs": paper and paper.macs,
        "complexity_reason": row.complexity_reason,
        "colour": colour,
        "shape": SHAPES[marker],
        "iou": _interval(joined.iou),
        "elsewhere": elsewhere_text(row),
        "difference": row.from_reference and _scaled(row.from_reference, 1e4),
        "iou_on": joined.iou_on,
        "iou_reason": joined.orphan or joined.iou_reason,
        "of_export": joined.of_reference,
        "resizes": joined.resizes,
        "p50": _interval(row.p50_ms),
        "p90": _interval(row.p90_ms),
        "relative": _interval(row.relative),
        "relative_to": row.relative_to,
        "first": figure(row.first_inference_ms),
        "load": figure(row.load_ms),
        "warm": figure(row.warm_load_ms),
        "peak": row.peak_memory_bytes,
        "size": joined.size_bytes,
        "change": _interval(joined.iou_change),
        "rejected": joined.rejected,
        "unusable": row.unusable,
        "interrupted": figure(row.interrupted),
        "by_cpu": row.by_cpu,
        "fit": row.fit,
        "front": row.on_front,
        "near": row.near_front,
        "chance": figure(row.front_probability),
        "dominated_by": row.dominated_by,
        "stages": [[name, figure(ms)] for name, ms in row.stages_ms],
        "samples": row.samples,
        "left_out": [[id, found.label, found.reason] for id, found in row.left_out[-6:]],
        "left_out_count": len(row.left_out),
        "unknown": list(row.unknown_conditions),
        "chain": [
            joined.iou_of,
            row.artifact_sha256,
            joined.checkpoint_sha256,
            joined.commit,
            joined.init,
            joined.orphan,
        ],
    }


def _sources(rows: Sequence[Row]) -> dict[Source, Row]:
    """A row for each of the counts that IoUs are made of; many files may share one."""
    return {_source(row): row for row in rows if row.joined.iou}


def _source(row: Row) -> Source:
    return row.joined.iou_of, row.joined.counts


def _iou_pairs(rows: Sequence[Row]) -> list[Any]:
    """For each of the counts the differences from the later ones in turn: value, low and high in
    1e-4; 0 where they were not counted on the same images. Empty where there are too many."""
    ones = list(_sources(rows).values())
    if len(ones) > MOST_COUNTS:
        return []
    return [
        [_scaled(iou_difference(one, two), 1e4) for two in ones[at + 1 :]]
        for at, one in enumerate(ones)
    ]


def _latency_pairs(rows: Sequence[Row]) -> list[Any]:
    """For each row of a place the ratios to the later ones in turn: value, low and high, and
    whether it is of paired rounds; 0 where there is none. Empty where there are too many."""
    if len(rows) > MOST_COMPARED:
        return []
    return [[_ratio(one, two) for two in rows[at + 1 :]] for at, one in enumerate(rows)]


def _ratio(one: Row, other: Row) -> Any:
    found, paired = latency_ratio(one, other)
    return [*(_interval(found) or ()), int(paired)] if found else 0


def _scaled(found: Interval | Ratio | None, by: float) -> Any:
    """Value, low and high as whole numbers, 0 where there is none: as many digits as are shown."""
    if found is None:
        return 0
    return [None if x is None else round(by * x) for x in (found.value, found.low, found.high)]


def _interval(found: Interval | Quantile | Ratio | None) -> list[Any] | None:
    return None if found is None else [figure(x) for x in (found.value, found.low, found.high)]
