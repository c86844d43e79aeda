"""Operators that move values: padding, joining, reshaping, types.

Source: coremltools 9.0, converters/mil/mil/ops/defs/iOS15/tensor_operation.py,
tensor_transformation.py and elementwise_unary.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.mil.convolution import padded
from zoo.mil.operation import Operator, Values, refused, rounded, tensor

HALF, SINGLE = "fp16", "fp32"


def _pad(given: Values) -> Tensor:
    x, flat, mode = given["x"], [int(each) for each in given["pad"]], given["mode"]
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    if mode == "constant":
        return padded(x, pairs, float(given["constant_val"]))
    if mode not in ("reflect", "replicate"):
        raise refused("pad", f"mode {mode!r}")
    # torch takes these over the last two dimensions of four.
    while len(pairs) > 2 and pairs[0] == (0, 0):
        pairs = pairs[1:]
    if len(pairs) > 2 or x.dim() != 4:
        raise refused("pad", f"mode {mode!r} over {len(pairs)} dimensions")
    return F.pad(x, [side for pair in reversed(pairs) for side in pair], mode=mode)


def _concat(given: Values) -> Tensor:
    values, axis = [tensor(each) for each in given["values"]], int(given["axis"])
    if not bool(given["interleave"]):
        return torch.cat(values, dim=axis)
    shape = list(values[0].shape)
    shape[axis] *= len(values)
    axis %= len(shape)
    return torch.stack(values, dim=axis + 1).reshape(shape)


def _cast(given: Values) -> Tensor:
    x, wanted = tensor(given["x"]), given["dtype"]
    if wanted == HALF:
        return rounded(x.float())
    types = {SINGLE: torch.float32, "int32": torch.int32, "bool": torch.bool}
    if wanted not in types:
        raise refused("cast", f"to {wanted!r}")
    return x.to(types[wanted])


def _reshape(given: Values) -> Tensor:
    """0 in the shape keeps the side, -1 takes what is left."""
    x: Tensor = given["x"]
    shape = [int(side) for side in given["shape"]]
    return x.reshape([x.shape[place] if side == 0 else side for place, side in enumerate(shape)])


def _squeeze(given: Values) -> Tensor:
    x: Tensor = given["x"]
    axes = given.get("axes")
    wanted = range(x.dim()) if axes is None else [int(axis) % x.dim() for axis in axes]
    gone = [axis for axis in wanted if x.shape[axis] == 1]
    return x.reshape([side for axis, side in enumerate(x.shape) if axis not in gone])


def _expand_dims(given: Values) -> Tensor:
    x: Tensor = given["x"]
    rank = x.dim() + len(given["axes"])
    for axis in sorted(int(axis) % rank for axis in given["axes"]):
        x = x.unsqueeze(axis)
    return x


def _slice(given: Values) -> Tensor:
    x: Tensor = given["x"]
    size, begin = given["size"], [int(first) for first in given["begin"]]
    for axis, (first, count) in enumerate(zip(begin, size, strict=True)):
        x = x.narrow(axis, first, x.shape[axis] - first if int(count) == -1 else int(count))
    return x


SHAPES: Mapping[str, Operator] = {
    "pad": Operator(compute=_pad, inputs=("x", "pad", "mode", "constant_val"), exact=True),
    "concat": Operator(compute=_concat, inputs=("values", "axis", "interleave"), exact=True),
    "cast": Operator(compute=_cast, inputs=("x", "dtype"), exact=True),
    "reshape": Operator(compute=_reshape, inputs=("x", "shape"), exact=True, whole=True),
    "squeeze": Operator(compute=_squeeze, inputs=("x", "axes"), exact=True, whole=True),
    "expand_dims": Operator(compute=_expand_dims, inputs=("x", "axes"), exact=True, whole=True),
    "slice_by_size": Operator(
        compute=_slice, inputs=("x", "begin", "size"), exact=True, whole=True
    ),
    "transpose": Operator(
        compute=lambda given: given["x"].permute([int(axis) for axis in given["perm"]]),
        inputs=("x", "perm"),
        exact=True,
        whole=True,
    ),
    "identity": Operator(compute=lambda given: given["x"], inputs=("x",), exact=True),
}
