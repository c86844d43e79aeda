"""Exported files as a list, in short, or as records: how large, how right, and what is unknown.

Of what its manifest holds: nothing is run for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from reports.text.fitting import fitted
from reports.text.listing import Column, Format, column, listing
from zoo.artifact.half import LARGEST_HALF
from zoo.artifact.iou import span_text
from zoo.artifact.manifest import Accuracy, Artifact
from zoo.artifact.neural_engine import Leaving, leaving_text
from zoo.artifact.sources import headline, headline_first
from zoo.runtime.processor import REFERENCE

FEW = 2


def file_record(
    artifact: Artifact, found: Sequence[Accuracy], reason: str | None
) -> dict[str, Any]:
    """found: on the images that are asked for, which may be of several data sets; of none the
    reason says why. IoUs are 0..1. by_source: of images of several data sets, each alone."""
    record: dict[str, Any] = {
        "model": artifact.model,
        "format": artifact.format,
        "precision": artifact.precision,
        "io": artifact.io,
        "sha256": artifact.sha256,
        "size_bytes": artifact.size_bytes,
        "max_abs_difference": artifact.parity.max_abs_difference if artifact.parity else None,
        "unlike_pixels": artifact.parity.unlike_pixels if artifact.parity else None,
        "compared_images": artifact.parity.images if artifact.parity else 0,
        "parity_reason": artifact.parity_reason,
        "largest_inside": artifact.largest,
        "leaves_neural_engine": _dumped(artifact.neural_engine),
        "reference": artifact.reference.model_dump(mode="json") if artifact.reference else None,
    }
    if not found:
        return record | {"iou": None, "reason": reason, "rejected": artifact.rejected}
    by_name = {one.dataset: one for one in found}
    accuracy = by_name[headline(by_name)]
    half = artifact.half if accuracy == artifact.accuracy else None
    return record | {
        "data": accuracy.dataset,
        "split": accuracy.split,
        "images": accuracy.images,
        **accuracy.judgement.model_dump(mode="json"),
        "by_source": _by_source(found),
        "runtime": accuracy.runtime,
        "of": "the file" if accuracy.computed_in is None else "its weights",
        "computed_in": accuracy.computed_in,
        "half": half.judgement.model_dump(mode="json") if half else None,
        "rejected": artifact.rejected,
        "beyond": accuracy.rejected if not artifact.rejected else None,
        "unjudged": accuracy.unjudged,
    }


def _by_source(found: Sequence[Accuracy]) -> list[dict[str, Any]]:
    known = {one.dataset: (one.images, one.judgement) for one in found}
    for accuracy in found:
        if accuracy.sources:
            del known[accuracy.dataset]
        known |= {name: (one.images, one.judgement) for name, one in accuracy.sources.items()}
    if len(known) < 2:
        return []
    return [
        {"source": name, "images": images, "iou": judgement.iou.model_dump()}
        for name, (images, judgement) in known.items()
    ]


def _dumped(found: Sequence[Leaving] | None) -> list[dict[str, Any]] | None:
    return None if found is None else [one.model_dump(mode="json") for one in found]


def file_list(records: Sequence[dict[str, Any]], format: Format = "table") -> str:
    """A line a file: size, IoU and what was lost, masks against torch's; under a table what the
    figures are of, and what is wrong with some."""
    columns = [
        column("model", "model"),
        Column(title="file", text=lambda record: f"{record['format']} {record['precision']}"),
        Column(title="MB", text=lambda record: f"{record['size_bytes'] / 1e6:.2f}", right=True),
    ]
    if any(record["iou"] for record in records):
        columns += [
            *_iou_columns(records),
            Column(title="points from torch [95 %]", text=lambda record: _lost(record)),
            Column(title="fell", text=_fell, right=True),
        ]
    if any(record["unlike_pixels"] is not None for record in records):
        columns.append(Column(title="pixels", text=_unlike, right=True))
    told = listing(columns, records, format)
    return fitted("\n".join([told, *_remarks(records)])) if format == "table" else told


def _iou_columns(records: Sequence[dict[str, Any]]) -> list[Column]:
    """One a data set, where there are several."""
    names = {one["source"] for record in records for one in record.get("by_source") or ()}
    if not names:
        return [Column(title="IoU [95 %]", text=lambda record: _iou(record["iou"]))]
    return [
        Column(title=f"IoU on {name} [95 %]", text=_iou_on(name)) for name in headline_first(names)
    ]


def _iou_on(name: str) -> Callable[[dict[str, Any]], str]:
    def text(record: dict[str, Any]) -> str:
        parts = {one["source"]: one["iou"] for one in record.get("by_source") or ()}
        alone = {record["data"]: record["iou"]} if record["iou"] else {}
        return _iou((parts or alone).get(name))

    return text


def _iou(found: dict[str, float] | None) -> str:
    if not found:
        return "-"
    return f"{found['value']:.3f} {span_text(found['low'], found['high'], '.3f')}"


def _lost(record: dict[str, Any]) -> str:
    return _points(record["difference"], "") if record.get("difference") else "-"


def _fell(record: dict[str, Any]) -> str:
    """Not known where there is nothing to fall from."""
    fell = record.get("fell")
    return "-" if fell is None else str(fell)


def _unlike(record: dict[str, Any]) -> str:
    share = record["unlike_pixels"]
    return "-" if share is None else "0 %" if share == 0 else _percent(share)


def _remarks(records: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence once, with the files that it is of."""
    lines = []
    if measured := [record for record in records if record["iou"]]:
        images = " or ".join(sorted({_images(record) for record in measured}))
        lines.append(f"IoU: on {images}; fell: images that lost more than 5 points")
    if compared := [record for record in records if record["unlike_pixels"] is not None]:
        images = " or ".join(str(n) for n in sorted({r["compared_images"] for r in compared}))
        lines.append(f"pixels: the share that differ from torch's mask, on {images} images")
    names: dict[str, list[str]] = {}
    for record in records:
        told = (_unmeasured, _by_both, _leaving, _parity, _faults)
        for text in [text for tell in told for text in tell(record)]:
            names.setdefault(text, []).append(_name(record))
    for text, of in names.items():
        several = f"{len(of)} files" if len(of) > FEW else ", ".join(of)
        lines.append(text if len(of) == len(records) > 1 else f"{several}: {text}")
    return lines


def _images(record: dict[str, Any]) -> str:
    parts = record.get("by_source") or [{"images": record["images"], "source": record["data"]}]
    told = " and ".join(f"{one['images']} {one['source']}" for one in parts)
    return f"{told} {record['split']} images"


def _unmeasured(record: dict[str, Any]) -> list[str]:
    """Where the IoU is not that of the file itself."""
    if record["iou"] is None:
        return [f"IoU not measured: {record['reason']}"]
    if record["runtime"] == REFERENCE:
        return [f"IoU is by the reference interpreter, in place of Core ML ({REFERENCE})"]
    if record["computed_in"] is None:
        return []
    told = [f"IoU is of its weights, computed in {record['computed_in']}"]
    return told + ([_in_half(record["half"])] if record["half"] else [])


def _by_both(record: dict[str, Any]) -> list[str]:
    """Of a package that Core ML ran, beside the reference interpreter."""
    found = record.get("reference")
    if not found or not found["difference"]:
        return []
    return [f"Core ML's IoU is {_points(found['difference'])} from the reference interpreter's"]


def _leaving(record: dict[str, Any]) -> list[str]:
    found = [Leaving.model_validate(one) for one in record.get("leaves_neural_engine") or ()]
    marks = "by the sources in docs/operators.md"
    return [f"leaves the Neural Engine, {marks}: {leaving_text(found)}"] if found else []


def _in_half(found: dict[str, Any]) -> str:
    return f"in fp16 arithmetic, by torch, {_points(found['difference'])}"


def _points(change: dict[str, float], unit: str = " points") -> str:
    span = span_text(change["low"], change["high"], "+.2f", 100)
    return f"{100 * change['value']:+.2f}{unit} {span}"


def files_text(records: Sequence[dict[str, Any]]) -> str:
    """Of many files, a line or few: how many, how like torch's their masks are, which are rejected
    or may overflow."""
    megabytes = sum(record["size_bytes"] for record in records) / 1e6
    lines = [f"{len(records)} files, {megabytes:.0f} MB"]
    compared = [record for record in records if record["unlike_pixels"] is not None]
    if compared:
        worst = max(compared, key=lambda record: float(record["unlike_pixels"]))
        told, images = unlike_text(worst["unlike_pixels"]), f"{worst['compared_images']} images"
        most = f" at most ({_name(worst)}, {images})" if worst["unlike_pixels"] else f" ({images})"
        lines.append(told + most)
    reasons = Counter(record["reason"] for record in records if record["iou"] is None)
    for reason, count in reasons.items():
        lines.append(f"IoU of {count} {'file' if count == 1 else 'files'} not measured: {reason}")
    for record in records:
        lines += [f"{_name(record)}: {fault}" for fault in _faults(record)]
    return "\n".join([*lines, "each file: bench models --long"])


def unlike_text(share: float) -> str:
    """What a reader can picture: pixels that change sides."""
    told = "no pixel differs" if share == 0 else f"{_percent(share)} of the pixels differ"
    return f"{told} from torch's mask"


def _percent(share: float) -> str:
    return "under 0.001 %" if share < 1e-5 else f"{100 * share:.2g} %"


def _name(record: dict[str, Any]) -> str:
    return f"{record['model']}.{record['format']}.{record['precision']}"


def _faults(record: dict[str, Any]) -> list[str]:
    faults = []
    if record["largest_inside"] is not None and record["largest_inside"] > LARGEST_HALF:
        faults.append(f"fp16 may overflow: sums inside can reach {record['largest_inside']:.0f}")
    if record.get("unjudged"):
        faults.append(f"not judged: {record['unjudged']}")
    if record["rejected"]:
        faults.append(f"REJECTED: {record['rejected']}")
    elif record.get("beyond"):
        faults.append(f"BEYOND ITS BOUND on {record['data']} {record['split']}: {record['beyond']}")
    return faults


def _parity(record: dict[str, Any]) -> list[str]:
    """Where there is no share of pixels."""
    if record["unlike_pixels"] is not None:
        return []
    if record["max_abs_difference"] is not None:
        again = f"bench export --force --model {record['model']}"
        return [f"pixels not counted by the version that exported it: {again}"]
    if record["parity_reason"] == record.get("reason"):
        return []
    return [f"masks not compared: {record['parity_reason']}"]
