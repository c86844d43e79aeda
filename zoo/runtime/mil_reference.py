"""A Core ML package as a loaded model, run by the reference interpreter. It is not for timing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.mil.interpreter import Interpreter
from zoo.preprocess import Float32
from zoo.runtime.open_model import OpenModel, TensorInfo, as_levels

# More spare little, and take memory.
BATCH = 8


class MilReferenceModel(OpenModel):
    """Any package whose operators are known; chunk as in Interpreter."""

    def __init__(self, path: Path, threads: int, chunk: int | None = None) -> None:
        self.interpreter = Interpreter(path, threads, chunk)
        self.inputs = tuple(
            TensorInfo(name=name, shape=shape, dtype=self._type_of(name))
            for name, shape in self.interpreter.inputs.items()
        )
        self.batch = BATCH if self.interpreter.takes_batches else 1
        self.output_names = list(self.interpreter.names)
        self.output_scales = [None] * len(self.output_names)
        self.given: list[NDArray[Any]] = []
        self.found: list[NDArray[Any]] = []

    def _type_of(self, name: str) -> np.dtype[Any]:
        """Of an image bytes, as an app has them."""
        if self.interpreter.image is not None:
            return np.dtype(np.uint8)
        whole = self.interpreter.types[name].startswith("int")
        return np.dtype(np.int32 if whole else np.float32)

    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        self.given = list(values)

    def infer(self) -> None:
        self.found = self.interpreter.run(self.given)

    def outputs(self) -> list[NDArray[Any]]:
        return [np.array(found) for found in self.found]

    def feed(self, image: Float32) -> None:
        """As Core ML does where an image goes in: levels of 0..255, planes in the file's order."""
        planes = self.interpreter.image
        self.set_inputs([image if planes is None else as_levels(image, planes)])

    def predict(self, image: Float32) -> Float32:
        self.feed(image)
        self.infer()
        masks: Float32 = self.found[0][:, 0].astype(np.float32)
        return masks
