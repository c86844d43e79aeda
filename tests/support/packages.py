"""Core ML packages as other people make them, and changed from within as a faulty converter would
have written them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

# TensorFlow beside this torch kills `import coremltools` by SIGSEGV.
sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
INSIDE = Path("Data/com.apple.CoreML")


class Whole(nn.Module):
    """torchvision's networks give a dictionary; last: what is done with what is in it."""

    def __init__(self, network: nn.Module, last: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.last = network, last

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.network(x)["out"])


def converted(network: nn.Module, x: Tensor, path: Path, given: Any, **words: Any) -> Path:
    """By coremltools, in fp32; given: its type of the input. words: further ones for it."""
    import coremltools as ct

    program = torch.export.export(network.eval(), (x,)).run_decompositions({})
    model = ct.convert(
        program,
        inputs=[given],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        **words,
    )
    model.save(str(path))
    return path


def rewritten(package: Path, change: Callable[[Any, Any], None]) -> None:
    """change: the model and its one block."""
    from coremltools.proto import Model_pb2

    path = package / INSIDE / "model.mlmodel"
    spec = Model_pb2.Model()
    spec.ParseFromString(path.read_bytes())
    main = spec.mlProgram.functions["main"]
    change(spec, main.block_specializations[main.opset])
    path.write_bytes(spec.SerializeToString())


def first(block: Any, kind: str) -> Any:
    return next(operation for operation in block.operations if operation.type == kind)


def constant(block: Any, operation: Any, name: str) -> Any:
    """The value that an input of an operation has in the program."""
    wanted = operation.inputs[name].arguments[0].name
    (const,) = [one for one in block.operations if one.outputs and one.outputs[0].name == wanted]
    return const.attributes["val"]
