"""How fast the zoo's network is at equal IoU: beside its predecessor, and beside the parent's."""

from __future__ import annotations

import json
from collections.abc import Iterator

from measure.record import DOCS
from measure.workshop import Workshop
from zoo.artifact.iou import Interval, pooled_interval
from zoo.artifact.sources import by_source
from zoo.base.files import write_text
from zoo.box import read_box_counts
from zoo.complexity import complexity
from zoo.registry import all_specs, get
from zoo.spec import ZOO, ModelSpec

VARIANTS = tuple(get(f"{ZOO}_{one}") for one in ("0.35_128", "0.5_224", "1.0_224"))
OLDER, PARENT = "mnv2_unet", "mnv2_unet_tf_parent"
RUNTIMES = ("litert", "onnxruntime")
SOURCE = "lfw"
FILES = ("--format", "tflite", "--format", "onnx", "--precision", "fp32")


def pairs(shop: Workshop) -> None:
    """Each pair in turns, alone on this machine, in both runtimes."""
    chosen = [(spec, other) for spec in VARIANTS for other in (_older(spec), _parent(spec))]
    _exported(shop, {spec for pair in chosen for spec in pair})
    lines = ["| variant | beside | IoU on LFW | LiteRT | onnxruntime |", "|---|---|---|---|---|"]
    lines += [_row(shop, spec, other) for spec, other in chosen]
    write_text(DOCS / "measured/pairs.md", "\n".join(lines) + "\n")


def _older(spec: ModelSpec) -> ModelSpec:
    """Of the predecessor the variant with the fewest operations that is no worse on LFW."""
    wanted = _iou(spec).value
    known = sorted(_of(OLDER), key=lambda one: complexity(one).macs)
    return next((one for one in known if _iou(one).value >= wanted), known[-1])


def _parent(spec: ModelSpec) -> ModelSpec:
    """The same width and size: both were trained alike, and are as good (docs/training.md)."""
    return get(f"{PARENT}_{spec.width}_{spec.size}")


def _of(arch: str) -> Iterator[ModelSpec]:
    return (spec for spec in all_specs() if spec.arch == arch)


def _iou(spec: ModelSpec) -> Interval:
    """That of the package's weights."""
    counts = read_box_counts(spec)
    parts = {part.source: part.iou for part in by_source(counts, SOURCE)}
    return parts.get(SOURCE) or pooled_interval(counts)


def _exported(shop: Workshop, specs: set[ModelSpec]) -> None:
    """With the package's weights; of the parent with random ones, for they cost the same time."""
    drawn = ("data", "synthetic", "--train", "8", "--validation", "4")
    shop.bench(shop.files, *drawn)
    for spec in sorted(specs):
        if spec.arch == PARENT:
            words = ("--data", "synthetic", "--init", "random", "--epochs", "0")
            shop.bench(shop.files, "train", "--model", spec.name, *words)
        else:
            shop.bench(shop.files, "weights", "take", "--model", spec.name)
        shop.bench(shop.files, "export", "--model", spec.name, *FILES)


def _row(shop: Workshop, spec: ModelSpec, other: ModelSpec) -> str:
    ious = f"{_iou(spec).text}" + (f", {_iou(other).text}" if other.arch == OLDER else "")
    ratios = [_ratio(shop, spec, other, runtime) for runtime in RUNTIMES]
    return f"| {spec} | {other} | {ious} | {' | '.join(ratios)} |"


def _ratio(shop: Workshop, spec: ModelSpec, other: ModelSpec, runtime: str) -> str:
    """The time of `spec` over that of the other."""
    words = ("compare", other.name, spec.name, "--runtime", runtime, "--precision", "fp32")
    told = shop.bench(shop.home("pairs"), *words, "--time-limit", "60", "--json")
    [found] = json.loads(told)
    ratio = Interval(**{key: found["ratio"][key] for key in ("value", "low", "high")})
    return f"x{ratio.text}"
