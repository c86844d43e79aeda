"""From a photograph to the mask of an imported model, as its record says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zoo.base.errors import ArtifactError
from zoo.imported.record import Imported, Input, Output
from zoo.preprocess import Float32
from zoo.runtime.open_model import OpenModel, TensorInfo


def probability_of(model: Imported, opened: OpenModel, photograph: Image.Image) -> Float32:
    """The mask [H, W] at the output's own size: probabilities, or what stands for them.

    Raises ArtifactError where the file does not fit its record, or gives NaN.
    """
    (tensor, *others) = opened.inputs
    if others or tensor.shape != model.input.shape:
        shapes = [list(one.shape) for one in opened.inputs]
        raise _unfit(model, f"takes {shapes}", f"one input of {list(model.input.shape)}")
    opened.set_inputs([fed(photograph, model.input, tensor)])
    opened.infer()
    found = read(model, opened.outputs(), opened.output_scales)
    if np.isnan(found).any():
        raise _unfit(model, "gives NaN", "numbers")
    return found


def fed(photograph: Image.Image, how: Input, tensor: TensorInfo) -> NDArray[Any]:
    """What the input is set to, in its own type. The photograph is resized as the zoo's own are,
    without keeping its shape."""
    small = photograph.resize((how.width, how.height), Image.Resampling.BILINEAR)
    pixels = np.asarray(small, np.float32) / np.float32(255)
    if how.colour == "bgr":
        pixels = pixels[..., ::-1]
    low, high = np.asarray(how.range, np.float32)
    mean, std = np.asarray(how.mean, np.float32), np.asarray(how.std, np.float32)
    values: NDArray[Any] = (low + pixels * (high - low) - mean) / std
    if how.layout == "nchw":
        values = values.transpose(2, 0, 1)
    if tensor.scale is not None:
        return tensor.scale.stored(values[None], tensor.dtype)
    if tensor.dtype.kind in "iu":
        limits = np.iinfo(tensor.dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return np.ascontiguousarray(values[None], tensor.dtype)


def read(model: Imported, outputs: Sequence[NDArray[Any]], scales: Sequence[Any]) -> Float32:
    """The mask, of the outputs as they are."""
    how = model.output
    if how.index >= len(outputs):
        raise _unfit(model, f"has {len(outputs)} outputs", f"one of number {how.index}")
    values, scale = outputs[how.index], scales[how.index]
    if scale is not None and how.activation != "labels":
        values = scale.real(values)
    layers = _layers(model, values)
    if how.activation == "labels":
        return np.asarray(layers[0] == how.channel, np.float32)
    if how.channel >= len(layers):
        raise _unfit(model, f"has {len(layers)} channels there", f"one of number {how.channel}")
    layers = layers.astype(np.float32)
    with np.errstate(over="ignore"):
        if how.activation == "softmax":
            powers = np.exp(layers - layers.max(axis=0))
            return np.asarray(powers[how.channel] / powers.sum(axis=0))
        if how.activation == "sigmoid":
            return np.asarray(1 / (1 + np.exp(-layers[how.channel])), np.float32)
    return np.asarray(layers[how.channel])


def _layers(model: Imported, values: NDArray[Any]) -> NDArray[Any]:
    """[C, H, W]"""
    how: Output = model.output
    sides, shape = (how.height, how.width), values.shape
    if how.layout == "hw" and shape[-2:] == sides and values.size == how.height * how.width:
        return values.reshape(1, *sides)
    if how.layout == "nhwc" and values.ndim == 4 and shape[:3] == (1, *sides):
        return values.reshape(shape[1:]).transpose(2, 0, 1)
    if how.layout == "nchw" and values.ndim == 4 and (shape[0], *shape[2:]) == (1, *sides):
        return values.reshape(shape[1:])
    axes = {"nhwc": f"[1, {sides[0]}, {sides[1]}, C]", "nchw": f"[1, C, {sides[0]}, {sides[1]}]"}
    raise _unfit(
        model, f"gives {list(shape)}", axes.get(how.layout, f"[1, {sides[0]}, {sides[1]}]")
    )


def _unfit(model: Imported, seen: str, expected: str) -> ArtifactError:
    return ArtifactError(
        f"the file of {model.name} {seen}",
        expected=f"{expected}, as its record says",
        remedy=f"bench import FILE --name {model.name} --force",
    )
