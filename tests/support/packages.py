"""Changes Core ML packages from within, as a faulty converter would have written them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# TensorFlow beside this torch kills `import coremltools` by SIGSEGV.
sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
INSIDE = Path("Data/com.apple.CoreML")


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
