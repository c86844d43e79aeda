"""How fast the zoo's network is at equal IoU: beside its predecessor, and beside the parent's."""

from __future__ import annotations

import csv
import json
from functools import cache

from measure.record import DOCS
from measure.steps import JOINED
from measure.workshop import Workshop
from zoo.artifact.iou import Interval
from zoo.artifact.sources import by_source, headline
from zoo.base.files import write_text
from zoo.box import find_record, read_box_counts
from zoo.complexity import complexity
from zoo.registry import get
from zoo.spec import ZOO, ModelSpec

VARIANTS = tuple(
    get(f"{ZOO}_{one}") for one in ("0.35_128", "0.35_192", "0.35_224", "0.5_224", "1.0_192")
)
OLDER = DOCS / "measured/archive/2026-11-28/host/table.csv"
PARENT = "mnv2_unet_tf_parent"
RUNTIMES = ("litert", "onnxruntime")
# IoUs that differ by less count as equal: a fifth of a point.
ALIKE = 0.002
FILES = ("--format", "tflite", "--format", "onnx", "--precision", "fp32")
HEAD = "| variant | IoU on LFW | beside | its IoU on LFW | LiteRT | onnxruntime |"


def pairs(shop: Workshop) -> None:
    """Each pair in turns, alone on this machine, in both runtimes."""
    chosen = [(spec, other) for spec in VARIANTS for other in (_older(spec), _parent(spec))]
    _exported(shop, {spec for pair in chosen for spec in pair})
    lines = [HEAD, "|" + "---|" * 6, *(_row(shop, spec, other) for spec, other in chosen)]
    write_text(DOCS / "measured/pairs.md", "\n".join(lines) + "\n")


def _older(spec: ModelSpec) -> ModelSpec:
    """Of the predecessor the variant with the fewest operations that is as good on LFW, or where
    none is, one that is as good as its best."""
    wanted = min(_iou(spec).value, max(iou.value for iou in _older_ious().values())) - ALIKE
    good = [one for one, iou in _older_ious().items() if iou.value >= wanted]
    return min(good, key=lambda one: complexity(one).macs)


def _parent(spec: ModelSpec) -> ModelSpec:
    """The same width and size."""
    return get(f"{PARENT}_{spec.width}_{spec.size}")


@cache
def _older_ious() -> dict[ModelSpec, Interval]:
    """On LFW, of the weights that were the zoo's until 2026-11-28."""
    with OLDER.open(newline="") as lines:
        return {
            get(row["model"]): Interval(
                value=float(row["iou"]), low=float(row["iou_low"]), high=float(row["iou_high"])
            )
            for row in csv.DictReader(lines)
        }


def _iou(spec: ModelSpec) -> Interval:
    """That of the package's weights on LFW."""
    found = {part.source: part.iou for part in by_source(read_box_counts(spec), JOINED)}
    return found[headline(found)]


def _exported(shop: Workshop, specs: set[ModelSpec]) -> None:
    """With the package's weights; else with random ones, which take the same time."""
    shop.bench(shop.files, "data", "synthetic", "--train", "8", "--validation", "4")
    for spec in sorted(specs):
        if find_record(spec):
            shop.bench(shop.files, "weights", "take", "--model", spec.name)
        else:
            words = ("--data", "synthetic", "--init", "random", "--epochs", "0")
            shop.bench(shop.files, "train", "--model", spec.name, *words)
        shop.bench(shop.files, "export", "--model", spec.name, *FILES)


def _row(shop: Workshop, spec: ModelSpec, other: ModelSpec) -> str:
    known = _older_ious().get(other)
    told = [spec.name, _iou(spec).text, other.name, known.text if known else "not measured"]
    ratios = [_ratio(shop, spec, other, runtime) for runtime in RUNTIMES]
    return f"| {' | '.join([*told, *ratios])} |"


def _ratio(shop: Workshop, spec: ModelSpec, other: ModelSpec, runtime: str) -> str:
    """The time of `spec` over that of the other."""
    words = ("compare", other.name, spec.name, "--runtime", runtime, "--precision", "fp32")
    told = shop.bench(shop.beside(shop.files, "pairs"), *words, "--time-limit", "40", "--json")
    [found] = json.loads(told)
    ratio = Interval(**{key: found["ratio"][key] for key in ("value", "low", "high")})
    return f"x{ratio.text}"
