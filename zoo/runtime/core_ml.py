"""Core ML itself, on a Mac. Never run by this project: no Mac was at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.base.errors import ArtifactError
from zoo.preprocess import Float32
from zoo.runtime.open_model import (
    NO_SHAPES,
    OpenModel,
    Shapes,
    TensorInfo,
    as_levels,
    noise,
)


class CoreMLModel(OpenModel):
    """Core ML on this Mac, all compute units.

    planes: of the inputs that are images, the order in which the file has their colours."""

    def __init__(
        self, path: Path, threads: int, shapes: Shapes = NO_SHAPES, signature: str | None = None
    ) -> None:
        import coremltools

        self.model = coremltools.models.MLModel(str(path))
        description = self.model.get_spec().description
        images = {i.name: i.type.imageType for i in description.input if _is_image(i)}
        self.planes = {n: "BGR" if i.colorSpace == i.BGR else "RGB" for n, i in images.items()}
        self.output_names = [result.name for result in description.output]
        self.output_scales = [None] * len(self.output_names)
        self.inputs = tuple(map(_info, description.input))

    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        named = zip(self.inputs, values, strict=True)
        self.given = {
            tensor.name: _picture(given, self.planes[tensor.name])
            if tensor.name in self.planes
            else given
            for tensor, given in named
        }

    def fill(self, seed: int) -> None:
        """Levels of 0..255 where an image goes in."""
        single = np.dtype(np.float32)
        taken = [replace(one, dtype=single) if self._is_image(one) else one for one in self.inputs]
        values = zip(self.inputs, noise(taken, seed), strict=True)
        self.set_inputs([as_levels(v, "RGB") if self._is_image(one) else v for one, v in values])

    def feed(self, image: Float32) -> None:
        planes = self.planes.get(self.inputs[0].name)
        self.set_inputs([image if planes is None else as_levels(image, planes)])

    def infer(self) -> None:
        self.output = self.model.predict(self.given)

    def outputs(self) -> list[NDArray[Any]]:
        return [np.array(self.output[name], dtype=np.float32) for name in self.output_names]

    def _is_image(self, tensor: TensorInfo) -> bool:
        return tensor.name in self.planes


def _is_image(given: Any) -> bool:
    return bool(given.type.HasField("imageType"))


def _info(given: Any) -> TensorInfo:
    kind = given.type.WhichOneof("Type")
    declared = getattr(given.type, kind)
    flexible = {"imageType": "SizeFlexibility", "multiArrayType": "ShapeFlexibility"}.get(kind)
    if flexible is None or declared.WhichOneof(flexible) is not None:
        raise ArtifactError(
            f"input {given.name!r} has no fixed shape",
            expected="images or arrays of one size",
            remedy="convert it again: ct.convert(..., inputs=[ct.TensorType(shape=(1, 3, S, S))])",
        )
    if _is_image(given):
        shape = (1, 3, declared.height, declared.width)
        return TensorInfo(name=given.name, shape=shape, dtype=np.dtype(np.uint8))
    integers = declared.dataType == declared.INT32
    return TensorInfo(
        name=given.name,
        shape=tuple(declared.shape),
        dtype=np.dtype(np.int32 if integers else np.float32),
    )


def _picture(levels: NDArray[Any], planes: str) -> Any:
    """In RGB: Core ML puts the colours into the file's order itself."""
    from PIL import Image

    pixels = levels[0].transpose(1, 2, 0)
    rgb = pixels[..., ::-1] if planes == "BGR" else pixels
    return Image.fromarray(np.ascontiguousarray(rgb, np.uint8))
