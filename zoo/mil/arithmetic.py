"""Elementwise operators, activations and reductions.

Source: coremltools 9.0, converters/mil/mil/ops/defs/iOS15/elementwise_binary.py,
elementwise_unary.py, activation.py and reduction.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.mil.operation import Operator, Values, refused, tensor


def _binary(compute: Callable[[Tensor, Tensor], Tensor], exact: bool = False) -> Operator:
    """With the broadcasting that numpy has."""
    return Operator(
        compute=lambda given: compute(tensor(given["x"]), tensor(given["y"])),
        inputs=("x", "y"),
        exact=exact,
    )


def _unary(compute: Callable[[Tensor], Tensor], exact: bool = False) -> Operator:
    return Operator(compute=lambda given: compute(given["x"]), inputs=("x",), exact=exact)


def _scaled(compute: Callable[[Tensor, float, float], Tensor]) -> Operator:
    return Operator(
        compute=lambda given: compute(given["x"], float(given["alpha"]), float(given["beta"])),
        inputs=("x", "alpha", "beta"),
    )


def _gelu(given: Values) -> Tensor:
    x, mode = given["x"], given["mode"]
    if mode == "SIGMOID_APPROXIMATION":
        return torch.as_tensor(x * torch.sigmoid(1.702 * x))
    ways = {"EXACT": "none", "TANH_APPROXIMATION": "tanh"}
    if mode not in ways:
        raise refused("gelu", f"mode {mode!r}")
    return F.gelu(x, approximate=ways[mode])


def _prelu(given: Values) -> Tensor:
    return F.prelu(given["x"], tensor(given["alpha"]))


def _reduce(kind: str, compute: Callable[[Tensor, list[int], bool], Tensor]) -> Operator:
    def reduced(given: Values) -> Tensor:
        x, axes = given["x"], given.get("axes")
        places = list(range(x.dim())) if axes is None else [int(axis) % x.dim() for axis in axes]
        if 0 in places:
            raise refused(kind, "over the batch")
        return compute(x, places, bool(given["keep_dims"]))

    return Operator(compute=reduced, inputs=("x", "axes", "keep_dims"))


ARITHMETIC: Mapping[str, Operator] = {
    "add": _binary(torch.add),
    "sub": _binary(torch.sub),
    "mul": _binary(torch.mul),
    "real_div": _binary(torch.div),
    "maximum": _binary(torch.maximum, exact=True),
    "minimum": _binary(torch.minimum, exact=True),
    "pow": _binary(torch.pow),
    "abs": _unary(torch.abs, exact=True),
    "exp": _unary(torch.exp),
    "sqrt": _unary(torch.sqrt),
    "square": _unary(torch.square),
    "erf": _unary(torch.erf),
    "tanh": _unary(torch.tanh),
    "relu": _unary(torch.relu, exact=True),
    "relu6": _unary(lambda x: x.clamp(0, 6), exact=True),
    "sigmoid": _unary(torch.sigmoid),
    "silu": _unary(F.silu),
    "softplus": _unary(F.softplus),
    "softsign": _unary(F.softsign),
    "clip": Operator(
        compute=lambda given: given["x"].clamp(float(given["alpha"]), float(given["beta"])),
        inputs=("x", "alpha", "beta"),
        exact=True,
    ),
    "leaky_relu": Operator(
        compute=lambda given: F.leaky_relu(given["x"], float(given["alpha"])),
        inputs=("x", "alpha"),
    ),
    "thresholded_relu": Operator(
        compute=lambda given: given["x"] * (given["x"] >= float(given["alpha"])),
        inputs=("x", "alpha"),
        exact=True,
    ),
    "prelu": Operator(compute=_prelu, inputs=("x", "alpha")),
    "elu": Operator(
        compute=lambda given: F.elu(given["x"], float(given["alpha"])), inputs=("x", "alpha")
    ),
    "gelu": Operator(compute=_gelu, inputs=("x", "mode")),
    "linear_activation": _scaled(lambda x, alpha, beta: x * alpha + beta),
    "sigmoid_hard": _scaled(lambda x, alpha, beta: (x * alpha + beta).clamp(0, 1)),
    "scaled_tanh": _scaled(lambda x, alpha, beta: alpha * torch.tanh(beta * x)),
    "clamped_relu": _scaled(
        lambda x, alpha, beta: torch.where(x >= 0, x, alpha * x).clamp(max=beta)
    ),
    "softmax": Operator(
        compute=lambda given: torch.softmax(given["x"], dim=int(given["axis"])),
        inputs=("x", "axis"),
    ),
    "reduce_mean": _reduce("reduce_mean", lambda x, axes, keep: x.mean(dim=axes, keepdim=keep)),
    "reduce_sum": _reduce("reduce_sum", lambda x, axes, keep: x.sum(dim=axes, keepdim=keep)),
    "reduce_max": _reduce("reduce_max", lambda x, axes, keep: x.amax(dim=axes, keepdim=keep)),
    "reduce_min": _reduce("reduce_min", lambda x, axes, keep: x.amin(dim=axes, keepdim=keep)),
    "reduce_l2_norm": _reduce(
        "reduce_l2_norm",
        lambda x, axes, keep: x.square().sum(dim=axes, keepdim=keep).pow(0.5),
    ),
}
