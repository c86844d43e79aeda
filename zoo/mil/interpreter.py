"""Core ML packages run by definition: torch on the CPU does what each operator's text says.

It is a reference, not Core ML: sums are in fp32, and rounded to fp16 where the program says fp16.
Apple's GPU and Neural Engine add in another order and precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.mil.convolution import chunked_conv
from zoo.mil.operation import Step, rounded, tensor
from zoo.mil.package import Package, broken, open_package
from zoo.mil.program import Program, load_program

HALF = "fp16"


class Interpreter:
    """A package, ready to run.

    inputs, types: names and shapes, and what each holds, as fp32. image: the order of the planes,
    RGB or BGR, where one image of 0..255 goes in; None where numbers do. chunk: None for sums in
    fp32; else the sum over input channels of a convolution is rounded to fp16 after so many
    channels, to see what arithmetic in halves might do. Raises ArtifactError."""

    def __init__(self, path: Path, threads: int, chunk: int | None = None) -> None:
        torch.set_num_threads(threads)
        package = open_package(path)
        program = load_program(package)
        self.inputs, self.types, self.names = program.inputs, program.types, program.outputs
        self.image = _planes(package, program)
        self.chunk = chunk
        self.steps = [(step, _tensors(step)) for step in program.steps]

    @property
    def takes_batches(self) -> bool:
        """Whether several images may go in at once: no operator binds the first dimension."""
        return not any(step.operator.whole for step, _ in self.steps)

    def run(
        self, values: Sequence[NDArray[Any]], watched: Sequence[str] | None = None
    ) -> list[NDArray[Any]]:
        """The outputs; values: of the inputs, in their order. watched: values on the way by their
        names, to be given instead."""
        wanted = self.names if watched is None else watched
        given: dict[str, Tensor] = {}
        for (name, type), value in zip(self.types.items(), values, strict=True):
            taken = torch.from_numpy(np.ascontiguousarray(value)).float()
            given[name] = rounded(taken) if type == HALF else taken
        with torch.inference_mode():
            for step, constants in self.steps:
                given[step.name] = self._computed(step, constants, given)
                for name in step.last_use_of:
                    # A constant among several values of one input was never there.
                    if name not in wanted:
                        given.pop(name, None)
            return [np.array(given[name].numpy()) for name in wanted]

    def _computed(
        self, step: Step, constants: Mapping[str, Any], there: Mapping[str, Tensor]
    ) -> Tensor:
        given = dict(constants)
        for name, source in step.given.items():
            if isinstance(source, str):
                given[name] = there[source]
            else:
                given[name] = [constants.get(each, there.get(each)) for each in source]
        if self.chunk is not None and step.kind == "conv" and step.dtype == HALF:
            return chunked_conv(given, self.chunk)
        found = step.operator.compute(given)
        return rounded(found) if step.dtype == HALF and not step.operator.exact else found


def _tensors(step: Step) -> Mapping[str, Any]:
    """Weights become tensors once."""
    return {
        name: tensor(value)
        if isinstance(value, np.ndarray) and value.dtype == np.float32
        else value
        for name, value in step.constants.items()
    }


def _planes(package: Package, program: Program) -> str | None:
    described = package.spec.description.input
    if not any(one.type.WhichOneof("Type") == "imageType" for one in described):
        return None
    image = described[0].type.imageType
    names = image.DESCRIPTOR.fields_by_name["colorSpace"].enum_type.values_by_number
    space = str(names[image.colorSpace].name)
    shape = program.inputs.get(described[0].name)
    fits = shape == (1, 3, image.height, image.width)
    if len(described) > 1 or space not in ("RGB", "BGR") or not fits:
        raise broken(
            package.path,
            f"its input {described[0].name!r} is a {space} image of {image.width}x{image.height}, "
            f"the program's {shape}",
            "one image in RGB or BGR, of the size that the program takes",
        )
    return space
