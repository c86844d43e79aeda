"""What a reader chooses among: the rows of one device in one mode, whatever runs them.

Its facets (a runtime, a version, a thread count, a precision each) are pictures of their own, but
the answer to "which is best here" may come out of any of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.sessions.record import OLDER
from bench.statistics.pooling import CONTENDED_CORES
from devices.records import DeviceInfo
from reports.gather.report import Report
from reports.gather.rows import Facet, Row
from zoo.base.errors import UnknownName
from zoo.base.files import sha256_of_json

# So many are named where no words fit.
MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Place:
    """rows: those whose IoU is of `iou_of` (class, images and split), and those without any."""

    device: DeviceInfo
    protocol: str
    iou_of: str | None
    rows: tuple[Row, ...]

    @property
    def key(self) -> str:
        """The same in every report."""
        return sha256_of_json([self.device.model_dump(), self.protocol, self.iou_of])[:8]

    @property
    def title(self) -> str:
        mark = "EMULATED " if self.device.emulated else ""
        unit = f" [{self.device.unit[:6]}]" if self.device.unit else ""
        return f"{mark}{self.device.name}{unit}, {self.protocol}"

    @property
    def fit(self) -> list[Row]:
        """What may be chosen: usable, of known IoU, not rejected."""
        return [row for row in self.rows if row.fit]

    @property
    def facets(self) -> list[Facet]:
        return sorted({row.facet for row in self.rows}, key=lambda facet: facet.order)


def places(report: Report) -> list[Place]:
    """Those where most can be chosen first, emulated devices last."""
    groups: dict[tuple[DeviceInfo, str], list[Row]] = defaultdict(list)
    for row in report.rows:
        groups[row.facet.device, row.facet.protocol].append(row)
    found = []
    for (device, protocol), rows in groups.items():
        for iou_of in sorted({r.facet.iou_of for r in rows} - {None}, key=str) or [None]:
            of = tuple(row for row in rows if row.facet.iou_of in (iou_of, None))
            found.append(Place(device=device, protocol=protocol, iou_of=iou_of, rows=of))
    return sorted(found, key=lambda p: (p.device.emulated, -len(p.fit), p.title, p.key))


def shortened(report: Report, most_rows: int) -> Report:
    """Of the first places as many as so many rows hold, one at least; the others are named."""
    found, count = places(report), 0
    for number, place in enumerate(found):
        count += len(place.rows)
        if number and count > most_rows:
            break
    else:
        return report
    elsewhere = tuple(place.title for place in found[number:])
    return replace(_of_places(report, found[:number]), elsewhere=elsewhere)


def on_devices(report: Report, words: str) -> Report:
    """Of the places alone whose device is of that kind, or whose title and images hold all of the
    words; raises UnknownName that lists them where there is none."""
    every = places(report)
    found = [place for place in every if _named(place, words)]
    if not found:
        raise _unknown_place(words, [], every)
    return _of_places(report, found)


def _of_places(report: Report, found: Sequence[Place]) -> Report:
    """With their rows alone, and the volumes of these."""
    kept = {id(row) for place in found for row in place.rows}
    facets = {facet for place in found for facet in place.facets}
    return replace(
        report,
        rows=tuple(row for row in report.rows if id(row) in kept),
        volumes=tuple(volume for volume in report.volumes if volume.facet in facets),
    )


def find_place(report: Report, words: str) -> Place:
    """The one whose device is of that kind, or whose title and images hold all of the words.

    Of several, places where something can be chosen go before others, bursts before other modes,
    the present protocol before an older one, cores left alone before contended ones, and the images
    on which most can be chosen before others. Raises UnknownName that lists them where that leaves
    more than one.
    """
    every = places(report)
    found = [place for place in every if _named(place, words)]
    found = [place for place in found if place.fit] or found
    found = [place for place in found if place.protocol.startswith("burst,")] or found
    for unwanted in (OLDER, CONTENDED_CORES):
        found = [place for place in found if unwanted not in place.protocol] or found
    if len({(place.device, place.protocol) for place in found}) == 1:
        return found[0]
    raise _unknown_place(words, found, every)


def _named(place: Place, words: str) -> bool:
    title = f"{place.title} {place.iou_of}".lower()
    return words == place.device.kind or all(word in title for word in words.lower().split())


def _unknown_place(words: str, found: Sequence[Place], every: Sequence[Place]) -> UnknownName:
    """found: those that match, more than one or none."""
    shown = found or every
    titles = [f"{p.title} ({p.iou_of or 'IoU not measured'})" for p in shown[:MOST_NAMED]]
    more = f"; and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return UnknownName(
        f"{len(found) or 'no'} stored devices and modes match {words!r}",
        expected=f"words that fit exactly one of: {'; '.join(titles) or 'none is stored'}{more}",
        remedy="bench run, or more words after --device",
    )
