"""Resizing operators. Each sampling mode is the grid of points that Apple's definition gives.

Source: coremltools 9.0, converters/mil/mil/ops/defs/iOS15/image_resizing.py and iOS16, iOS17.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.mil.operation import Operator, Values, refused


def grid(mode: str, given: int, wanted: int) -> Tensor:
    """Where in 0..given-1 each of `wanted` samples is taken."""
    places = torch.arange(wanted, dtype=torch.float64)
    if mode == "ALIGN_CORNERS" and wanted == 1:
        points = torch.full((1,), (given - 1) / 2, dtype=torch.float64)
    elif mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        points = places * ((given - 1) / max(wanted - 1, 1))
    elif mode == "DEFAULT":
        points = places * ((given - given / wanted) / max(wanted - 1, 1))
    elif mode == "OFFSET_CORNERS":
        delta = max(1, given - 1) / wanted
        points = 0.5 * delta + places * delta
    elif mode == "UNALIGN_CORNERS":
        spacing = given / wanted
        points = places * spacing + 0.5 * spacing - 0.5
    else:
        raise refused("resize", f"sampling mode {mode!r}")
    return points.clamp(0, given - 1)


def resized(x: Tensor, height: int, width: int, mode: str) -> Tensor:
    """Bilinear over the last two dimensions."""
    rows, columns = x.shape[-2:]
    # torch's own has the same grids, and is several times as fast.
    own = {"UNALIGN_CORNERS": False, "STRICT_ALIGN_CORNERS": True}
    if mode in own and x.dim() == 4 and min(height, width) > 1:
        return F.interpolate(x, (height, width), mode="bilinear", align_corners=own[mode])
    across = _weights(mode, columns, width)
    down = _weights(mode, rows, height)
    return down @ (x @ across.T)


@lru_cache(maxsize=100)
def _weights(mode: str, given: int, wanted: int) -> Tensor:
    """[wanted, given]: how much of each value a sample takes."""
    points = grid(mode, given, wanted)
    below = points.floor().long().clamp(max=given - 1)
    above = (below + 1).clamp(max=given - 1)
    share = points - below
    found = torch.zeros(wanted, given, dtype=torch.float64)
    places = torch.arange(wanted)
    found[places, below] += 1 - share
    found[places, above] += share
    return found.float()


def _upsample_bilinear(given: Values) -> Tensor:
    aligned, centres = bool(given["align_corners"]), given.get("half_pixel_centers")
    if centres is not None and bool(centres) is aligned:
        raise refused(
            "upsample_bilinear", f"half_pixel_centers {centres} with align_corners {aligned}"
        )
    x = given["x"]
    height, width = _scaled(given, x)
    return resized(x, height, width, "STRICT_ALIGN_CORNERS" if aligned else "UNALIGN_CORNERS")


def _scaled(given: Values, x: Tensor) -> tuple[int, int]:
    sides = x.shape[-2] * given["scale_factor_height"], x.shape[-1] * given["scale_factor_width"]
    return math.floor(sides[0]), math.floor(sides[1])


def _resize_bilinear(given: Values) -> Tensor:
    height, width = int(given["target_size_height"]), int(given["target_size_width"])
    return resized(given["x"], height, width, given["sampling_mode"])


def _resize(given: Values) -> Tensor:
    x, shape = given["x"], [int(side) for side in given["shape"]]
    wanted = shape[-int(given["resized_dims"]) :]
    wanted = [side or x.shape[place - len(wanted)] for place, side in enumerate(wanted)]
    if len(wanted) != 2 or given["interpolation_mode"] != "LINEAR":
        raise refused("resize", f"{given['interpolation_mode']} over {len(wanted)} dimensions")
    return resized(x, wanted[0], wanted[1], given["sampling_mode"])


def _upsample_nearest(given: Values) -> Tensor:
    x: Tensor = given["x"]
    found = _scaled(given, x)
    factors = found[0] / x.shape[-2], found[1] / x.shape[-1]
    if not all(factor.is_integer() for factor in factors):
        raise refused("upsample_nearest_neighbor", f"scales {factors}")
    down = x.repeat_interleave(int(factors[0]), dim=-2)
    return down.repeat_interleave(int(factors[1]), dim=-1)


_SCALES = ("x", "scale_factor_height", "scale_factor_width")
_TARGETS = ("x", "target_size_height", "target_size_width")

RESIZING: Mapping[str, Operator] = {
    "upsample_bilinear": Operator(
        compute=_upsample_bilinear, inputs=(*_SCALES, "align_corners", "half_pixel_centers")
    ),
    "upsample_nearest_neighbor": Operator(compute=_upsample_nearest, inputs=_SCALES, exact=True),
    "resize_bilinear": Operator(compute=_resize_bilinear, inputs=(*_TARGETS, "sampling_mode")),
    "resize": Operator(
        compute=_resize,
        inputs=("x", "shape", "resized_dims", "interpolation_mode", "sampling_mode"),
    ),
}
