"""Every variant the project knows. To add a width, a size or an architecture, edit this table."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from zoo.base.errors import InvalidSize, UnknownName
from zoo.spec import ModelSpec, parse

if TYPE_CHECKING:
    from zoo.network import SegmentationNetwork


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A network family over a grid of widths and sizes.

    builder: `module:callable`, called with the width multiplier, giving a SegmentationNetwork;
    named rather than imported, so that listing names does not load torch.
    stride: the input size must be a multiple of it.
    """

    builder: str
    widths: tuple[str, ...]
    sizes: tuple[int, ...]
    stride: int
    summary: str


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "mnv2_slim_unet": Architecture(
            builder="zoo.mnv2_slim_unet:MobileNetV2SlimUNet",
            widths=("0.35", "0.5", "0.75", "1.0"),
            sizes=(128, 160, 192, 224),
            stride=32,
            summary="MobileNetV2 encoder without its last block, U-Net decoder that adds its skips",
        ),
        "mnv2_unet": Architecture(
            builder="zoo.mnv2_unet:MobileNetV2UNet",
            widths=("0.35", "0.5", "0.75", "1.0"),
            sizes=(128, 160, 192, 224),
            stride=32,
            summary="MobileNetV2 encoder without its 1280-channel head, lean U-Net decoder",
        ),
        "mnv2_unet_parent": Architecture(
            builder="zoo.mnv2_unet_parent:ParentUNet",
            widths=("0.35", "0.5", "0.75", "1.0"),
            sizes=(128, 160, 192, 224),
            stride=32,
            summary="the parent project's topology, as its checkpoints want it",
        ),
        "mnv2_unet_tf_parent": Architecture(
            builder="zoo.mnv2_unet_parent:TFParentUNet",
            widths=("0.35", "0.5", "0.75", "1.0"),
            sizes=(128, 160, 192, 224),
            stride=32,
            summary="the parent's topology padded as Keras' weights want it, for comparison",
        ),
    }
)


def all_specs() -> list[ModelSpec]:
    """Every registered variant, by architecture, width, then size."""
    return [
        ModelSpec(arch=arch, width=width, size=size)
        for arch, family in ARCHITECTURES.items()
        for width in family.widths
        for size in family.sizes
    ]


def select(patterns: Iterable[str]) -> list[ModelSpec]:
    """The registered variants that match any of the names or wildcards, in registry order.

    Raises UnknownName with the nearest names for a pattern that matches nothing, and
    InvalidSize for a name whose size its architecture cannot take.
    """
    chosen: set[ModelSpec] = set()
    for pattern in patterns:
        matching = [s for s in all_specs() if fnmatch.fnmatchcase(s.name, pattern)]
        if not matching:
            _explain_unknown(pattern)
        chosen.update(matching)
    return [spec for spec in all_specs() if spec in chosen]


def get(name: str) -> ModelSpec:
    """The one registered variant of that name; raises as `select` does."""
    specs = select([name])
    if len(specs) > 1:
        raise UnknownName(
            f"{name!r} names {len(specs)} models",
            expected="exactly one",
            remedy=f"choose one, such as {specs[0].name}",
        )
    return specs[0]


def check_size(arch: str, size: int) -> None:
    """Raise InvalidSize, naming the nearest valid sizes, unless the architecture takes `size`."""
    stride = ARCHITECTURES[arch].stride
    if size >= stride and size % stride == 0:
        return
    below = max(size // stride, 1) * stride
    nearest = [below] if size < stride else [below, below + stride]
    raise InvalidSize(
        f"{arch} cannot take inputs of {size}x{size} pixels",
        expected=f"a multiple of {stride}, nearest: {' and '.join(map(str, nearest))}",
        remedy="bench models",
    )


def build(spec: ModelSpec) -> SegmentationNetwork:
    """A network of that spec with fresh weights (from torch's global generator)."""
    check_size(spec.arch, spec.size)
    module, _, attribute = ARCHITECTURES[spec.arch].builder.partition(":")
    network: SegmentationNetwork = getattr(importlib.import_module(module), attribute)(
        spec.width_multiplier
    )
    return network


def _explain_unknown(pattern: str) -> None:
    names = [spec.name for spec in all_specs()]
    if not any(mark in pattern for mark in "*?["):
        spec = parse(pattern)
        if spec.arch in ARCHITECTURES:
            check_size(spec.arch, spec.size)
    raise UnknownName.of("model", pattern, names, "bench models")
