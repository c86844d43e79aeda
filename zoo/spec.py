"""The name of a variant, and nothing else: `mnv2_slim_unet_0.5_224`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zoo.base.errors import InvalidName

# The architecture whose weights come with the package, and which `make zoo` measures.
ZOO = "mnv2_slim_unet"
_NAME = re.compile(r"(?P<arch>[a-z][a-z0-9_]*?)_(?P<width>[0-9.]+)_(?P<size>[0-9]+)")
_CANONICAL_WIDTH = re.compile(r"(0|[1-9][0-9]*)\.([0-9]|[0-9]*[1-9])")


@dataclass(frozen=True, kw_only=True, order=True)
class ModelSpec:
    """One variant: an architecture at a width multiplier and a square input size in pixels.

    `width` is canonical text (`0.35`, `1.0`), never a float, so that a name has one spelling.
    """

    arch: str
    width: str
    size: int

    def __post_init__(self) -> None:
        if not _CANONICAL_WIDTH.fullmatch(self.width) or float(self.width) <= 0:
            raise InvalidName(
                f"width {self.width!r} is not canonical",
                expected=f"a positive decimal such as {_canonical(self.width)!r}",
            )
        if self.size <= 0:
            raise InvalidName(f"size {self.size} is not positive", expected="pixels, such as 224")

    @property
    def name(self) -> str:
        return f"{self.arch}_{self.width}_{self.size}"

    @property
    def width_multiplier(self) -> float:
        return float(self.width)

    @property
    def label(self) -> str:
        """Short, for a picture: `0.5/224`, of other architectures than ZOO `parent/0.5/224`."""
        return "/".join([*family_words(self.arch), self.width, str(self.size)])

    def __str__(self) -> str:
        return self.name


def family_words(arch: str) -> list[str]:
    """What tells an architecture from ZOO: `parent`; `unet` of mnv2_unet; nothing of ZOO itself."""
    if arch == ZOO:
        return []
    return [word for word in arch.split("_") if word not in ("mnv2", "unet")] or ["unet"]


def parse(name: str) -> ModelSpec:
    """The spec that `name` spells. `parse(spec.name) == spec`; raises InvalidName otherwise."""
    match = _NAME.fullmatch(name)
    if match is None or str(int(match["size"])) != match["size"]:
        raise InvalidName(
            f"{name!r} is not a model name",
            expected="{arch}_{width}_{size}, such as mnv2_slim_unet_0.5_224",
            remedy="bench models",
        )
    return ModelSpec(arch=match["arch"], width=match["width"], size=int(match["size"]))


def _canonical(width: str) -> str:
    try:
        value = float(width)
    except ValueError:
        return "0.5"
    return str(value) if 0 < value < 100 else "0.5"
