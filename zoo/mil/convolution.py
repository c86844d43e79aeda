"""Convolution, pooling and products of matrices.

Source: coremltools 9.0, converters/mil/mil/ops/defs/iOS15/conv.py, pool.py, linear.py, and
normalization.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.mil.operation import Operator, Values, refused, rounded, tensor


def padding(
    kind: str, given: Values, sides: Sequence[int], kernel: Sequence[int], strides: Sequence[int]
) -> list[tuple[int, int]]:
    """How much is added before and after each spatial dimension. same: as TensorFlow's, so that
    ceil(side / stride) is left, the odd one at the end; same_lower: at the beginning."""
    way = given["pad_type"]
    if way == "valid":
        return [(0, 0)] * len(sides)
    if way == "custom":
        pad = [int(each) for each in given["pad"]]
        return list(zip(pad[::2], pad[1::2], strict=True))
    if way not in ("same", "same_lower"):
        raise refused(kind, f"pad_type {way!r}")
    found = []
    for side, window, stride in zip(sides, kernel, strides, strict=True):
        missing = max((math.ceil(side / stride) - 1) * stride + window - side, 0)
        less, more = missing // 2, missing - missing // 2
        found.append((less, more) if way == "same" else (more, less))
    return found


def padded(x: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """The last dimensions, as many as there are pairs."""
    if not any(map(any, pads)):
        return x
    flat = [side for pair in reversed(pads) for side in pair]
    return F.pad(x, flat, value=value)


def _conv(given: Values) -> Tensor:
    x, weight = given["x"], tensor(given["weight"])
    if weight.dim() != 4:
        raise refused("conv", f"over {weight.dim() - 2} dimensions")
    strides, dilations = _pair(given["strides"]), _pair(given["dilations"])
    window = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True)]
    pads = padding("conv", given, x.shape[2:], window, strides)
    bias = None if given.get("bias") is None else tensor(given["bias"])
    even = all(before == after for before, after in pads)
    if not even:
        x = padded(x, pads)
    inside = (pads[0][0], pads[1][0]) if even else (0, 0)
    return F.conv2d(x, weight, bias, strides, inside, dilations, int(given["groups"]))


def chunked_conv(given: Values, chunk: int) -> Tensor:
    """As `_conv`, but the sum over input channels is kept in fp16: after every `chunk` of them it
    is rounded, as arithmetic in halves would."""
    x, weight, groups = given["x"], tensor(given["weight"]), int(given["groups"])
    if groups != 1:
        return rounded(_conv(given))
    total: Tensor | None = None
    for first in range(0, weight.shape[1], chunk):
        part = {"x": x[:, first : first + chunk], "weight": weight[:, first : first + chunk]}
        found = rounded(_conv({**given, **part, "bias": None}))
        total = found if total is None else rounded(total + found)
    assert total is not None
    bias = given.get("bias")
    return total if bias is None else rounded(total + tensor(bias)[:, None, None])


def _pair(values: Sequence[int]) -> tuple[int, int]:
    first, second = (int(each) for each in values)
    return first, second


def _pool(
    kind: str, given: Values
) -> tuple[Tensor, tuple[int, int], tuple[int, int], list[tuple[int, int]]]:
    x = given["x"]
    if len(given["kernel_sizes"]) != 2 or bool(given["ceil_mode"]):
        raise refused(kind, "over other than 2 dimensions, or with ceil_mode")
    kernel, strides = _pair(given["kernel_sizes"]), _pair(given["strides"])
    return x, kernel, strides, padding(kind, given, x.shape[2:], kernel, strides)


def _max_pool(given: Values) -> Tensor:
    x, kernel, strides, pads = _pool("max_pool", given)
    return F.max_pool2d(padded(x, pads, -math.inf), kernel, strides)


def _avg_pool(given: Values) -> Tensor:
    x, kernel, strides, pads = _pool("avg_pool", given)
    found = F.avg_pool2d(padded(x, pads), kernel, strides)
    if bool(given["exclude_padding_from_average"]) and any(map(any, pads)):
        ones = padded(torch.ones_like(x[:1, :1]), pads)
        found = found / F.avg_pool2d(ones, kernel, strides)
    return found


def _batch_norm(given: Values) -> Tensor:
    x: Tensor = given["x"]
    one = (slice(None), *(None,) * (x.dim() - 2))
    mean, variance = tensor(given["mean"]), tensor(given["variance"])
    scale = 1 / torch.sqrt(variance + float(given["epsilon"]))
    gamma, beta = given.get("gamma"), given.get("beta")
    scale = scale if gamma is None else scale * tensor(gamma)
    shift = -mean * scale if beta is None else tensor(beta) - mean * scale
    return x * scale[one] + shift[one]


def _linear(given: Values) -> Tensor:
    bias = given.get("bias")
    return F.linear(given["x"], tensor(given["weight"]), None if bias is None else tensor(bias))


def _matmul(given: Values) -> Tensor:
    x, y = tensor(given["x"]), tensor(given["y"])
    x = x.transpose(-1, -2) if bool(given["transpose_x"]) else x
    return x @ (y.transpose(-1, -2) if bool(given["transpose_y"]) else y)


_WINDOWS = ("x", "kernel_sizes", "strides", "pad_type", "pad", "ceil_mode")

CONVOLUTION: Mapping[str, Operator] = {
    "conv": Operator(
        compute=_conv,
        inputs=("x", "weight", "bias", "strides", "pad_type", "pad", "dilations", "groups"),
    ),
    "max_pool": Operator(compute=_max_pool, inputs=_WINDOWS, exact=True),
    "avg_pool": Operator(compute=_avg_pool, inputs=(*_WINDOWS, "exclude_padding_from_average")),
    "batch_norm": Operator(
        compute=_batch_norm, inputs=("x", "mean", "variance", "gamma", "beta", "epsilon")
    ),
    "linear": Operator(compute=_linear, inputs=("x", "weight", "bias")),
    "matmul": Operator(
        compute=_matmul, inputs=("x", "y", "transpose_x", "transpose_y"), whole=True
    ),
}
