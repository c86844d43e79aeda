"""A loaded model, whatever its runtime; what is timed is `infer` alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.base.errors import ArtifactError
from zoo.preprocess import Float32
from zoo.runtime.feeds import Feed

# Of inputs whose file leaves them free, by name.
Shapes = Mapping[str, Sequence[int]]
NO_SHAPES: Shapes = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Of a quantised tensor: real value = (stored value - zero) * step."""

    step: float
    zero: int

    def stored(self, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Rounded to the nearest that `dtype` holds."""
        limits = np.iinfo(dtype)
        rounded = np.rint(values / self.step) + self.zero
        stored: NDArray[Any] = np.clip(rounded, limits.min, limits.max).astype(dtype)
        return stored

    def limits(self, dtype: np.dtype[Any]) -> tuple[float, float]:
        """The lowest and the highest value that it can stand for."""
        ends = np.iinfo(dtype)
        return (ends.min - self.zero) * self.step, (ends.max - self.zero) * self.step

    def real(self, values: NDArray[Any]) -> Float32:
        return (values.astype(np.float32) - np.float32(self.zero)) * np.float32(self.step)


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """One input of a model, as its file declares it. scale: None where it is not quantised."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: Scale | None = None


class OpenModel(ABC):
    """A loaded artifact: give it inputs, `infer`, read the outputs.

    settings: how its runtime was set for this file on this machine, where machines differ in it.
    batch: how many images `predict` takes at once.
    output_scales: of each output, None where it is not quantised.
    """

    inputs: tuple[TensorInfo, ...]
    output_names: Sequence[str]
    output_scales: Sequence[Scale | None]
    settings: str | None = None
    channels_last = False
    mask_scale: Scale | None = None
    batch: int = 1

    @abstractmethod
    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        """Set the inputs, in the order, shapes and types of `inputs`."""

    @abstractmethod
    def infer(self) -> None:
        """Run the model once on the inputs that were set."""

    @abstractmethod
    def outputs(self) -> list[NDArray[Any]]:
        """Copies of the last results."""

    def fill(self, seed: int) -> None:
        """Set every input to `noise` of this seed."""
        self.set_inputs(noise(self.inputs, seed))

    def as_declared(
        self, feeds: Sequence[Feed], values: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """The values in the order of `inputs`. Raises ArtifactError unless the runtime sees the
        inputs as they were declared."""
        given = {feed.name: one for feed, one in zip(feeds, values, strict=True)}
        for tensor in self.inputs:
            one = given.get(tensor.name)
            if one is None or (one.shape, one.dtype) != (tensor.shape, tensor.dtype):
                told = "nothing" if one is None else f"{one.shape} {one.dtype.name}"
                raise ArtifactError(
                    f"input {tensor.name!r} is fed {told}",
                    expected=f"{tensor.shape} {tensor.dtype.name}, as its runtime has it",
                )
        return [given[tensor.name] for tensor in self.inputs]

    def feed(self, image: Float32) -> None:
        """Set the zoo's one input: RGB float32 [1, 3, S, S] in 0..1."""
        given: NDArray[Any] = image.transpose(0, 2, 3, 1) if self.channels_last else image
        tensor = self.inputs[0]
        self.set_inputs([tensor.scale.stored(given, tensor.dtype) if tensor.scale else given])

    def mask(self) -> Float32:
        """The zoo's one output: hair probability [S, S]."""
        found = self.outputs()[0]
        mask: Float32 = found[0, :, :, 0] if self.channels_last else found[0, 0]
        return self.mask_scale.real(mask) if self.mask_scale else mask

    def predict(self, image: Float32) -> Float32:
        """Masks [N, S, S] of images [N, 3, S, S], N at most `batch`."""
        self.feed(image)
        self.infer()
        return self.mask()[None]


def as_levels(image: NDArray[Any], planes: str) -> NDArray[Any]:
    """The zoo's RGB in 0..1, [N, 3, S, S], as bytes; planes: the order to put them in."""
    levels: NDArray[Any] = np.rint(image * np.float32(255)).astype(np.uint8)
    return levels[:, ::-1] if planes == "BGR" else levels


def noise(inputs: Sequence[TensorInfo], seed: int) -> list[NDArray[Any]]:
    """Values for these inputs by their shapes and types: floats as the levels of a picture, 0..1,
    of which none is denormal; quantised bytes over their range's lower half. Raises ArtifactError
    for other integers, for they may be indices."""
    generator = np.random.default_rng(seed)
    return [_filled(tensor, generator) for tensor in inputs]


def _filled(tensor: TensorInfo, generator: np.random.Generator) -> NDArray[Any]:
    if tensor.dtype.kind == "f":
        levels = generator.integers(0, 256, tensor.shape, dtype=np.uint8)
        return (levels / np.float32(255)).astype(tensor.dtype)
    if tensor.scale and tensor.dtype.itemsize == 1:
        return generator.integers(0, 128, tensor.shape).astype(tensor.dtype)
    raise ArtifactError(
        f"input {tensor.name!r} holds {tensor.dtype.name}, which may be anything",
        expected="inputs of floats, or quantised ones",
        remedy="measure it as ONNX or TFLite, where --input NAME=VALUE tells it",
    )
