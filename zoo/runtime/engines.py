"""One class a runtime, behind one interface; what is timed is `infer` alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zoo.base.errors import ArtifactError
from zoo.preprocess import INPUT_NAME, OUTPUT_NAME
from zoo.runtime.core_ml import CoreMLModel
from zoo.runtime.interpreter import InterpreterModel
from zoo.runtime.open_model import NO_SHAPES, OpenModel, Shapes, TensorInfo
from zoo.runtime.processor import REFERENCE, int8_products_overflow
from zoo.spec import parse

if TYPE_CHECKING:
    from onnxruntime import SessionOptions

# Makes int8 weights unsigned, whose products onnxruntime adds exactly, and far slower with VNNI.
UNSIGNED_WEIGHTS = "session.x64quantprecision"
# Names of operators stand as they are in the file. These make or take integers.
INT8_OPERATORS = (b"QuantizeLinear", b"QLinear", b"Integer")


class OnnxRuntimeModel(OpenModel):
    """onnxruntime on the CPU, inputs and outputs bound once, so that a run allocates nothing.

    unsigned: whether int8 weights become unsigned; None: where products would overflow."""

    def __init__(
        self,
        path: Path,
        threads: int,
        shapes: Shapes = NO_SHAPES,
        signature: str | None = None,
        unsigned: bool | None = None,
    ) -> None:
        import onnxruntime

        _refuse_signature(path, signature)

        options, self.settings = session_options(path, threads, unsigned)
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = tuple(_onnx_info(one, shapes) for one in self.session.get_inputs())
        self.binding = self.session.io_binding()
        value = onnxruntime.OrtValue.ortvalue_from_shape_and_type
        self.bound = [value(list(tensor.shape), tensor.dtype) for tensor in self.inputs]
        for tensor, place in zip(self.inputs, self.bound, strict=True):
            self.binding.bind_ortvalue_input(tensor.name, place)
        self.output_names = [result.name for result in self.session.get_outputs()]
        self.output_scales = [None] * len(self.output_names)
        for result in self.session.get_outputs():
            if all(isinstance(side, int) for side in result.shape):
                place = value(result.shape, _onnx_type(result))
                self.binding.bind_ortvalue_output(result.name, place)
            else:
                self.binding.bind_output(result.name)

    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        for place, given in zip(self.bound, values, strict=True):
            place.update_inplace(np.ascontiguousarray(given))

    def infer(self) -> None:
        self.session.run_with_iobinding(self.binding)

    def outputs(self) -> list[NDArray[Any]]:
        return [np.array(found.numpy()) for found in self.binding.get_outputs()]


def session_options(
    path: Path, threads: int, unsigned: bool | None = None
) -> tuple[SessionOptions, str | None]:
    """What onnxruntime is told, and what of it machines differ in: for a file in int8, whether
    its weights become unsigned."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not holds_int8(path):
        return options, None
    wanted = int8_products_overflow() if unsigned is None else unsigned
    chosen = "1" if wanted else "0"
    options.add_session_config_entry(UNSIGNED_WEIGHTS, chosen)
    return options, f"{UNSIGNED_WEIGHTS.removeprefix('session.')}={chosen}"


def holds_int8(path: Path) -> bool:
    """Whether an ONNX file has operators on quantised tensors; by their names in its bytes."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return any(content.find(name) >= 0 for name in INT8_OPERATORS)


def _onnx_info(given: Any, shapes: Shapes) -> TensorInfo:
    shape = tuple(shapes.get(given.name, given.shape))
    if not all(isinstance(side, int) and side > 0 for side in shape):
        raise ArtifactError(
            f"input {given.name!r} has no fixed shape: {given.shape}",
            expected="sizes that are known before it runs",
            remedy="python -m onnxruntime.tools.make_dynamic_shape_fixed --help",
        )
    return TensorInfo(name=given.name, shape=shape, dtype=_onnx_type(given))


def _refuse_signature(path: Path, signature: str | None) -> None:
    if signature is not None:
        raise ArtifactError(
            f"{path} has no signatures", expected="one of a TFLite file", remedy="no --signature"
        )


def _onnx_type(given: Any) -> np.dtype[Any]:
    name = given.type.removeprefix("tensor(").removesuffix(")")
    try:
        found: np.dtype[Any] = np.dtype({"float": "float32", "double": "float64"}.get(name, name))
        return found
    except TypeError:
        raise ArtifactError(
            f"{given.name!r} is a {given.type}", expected="tensors of numbers"
        ) from None


class TorchModel(OpenModel):
    """The checkpoint itself in torch, eager and channels-last: the reference, not a product."""

    def __init__(
        self, path: Path, threads: int, shapes: Shapes = NO_SHAPES, signature: str | None = None
    ) -> None:
        import torch

        from zoo.checkpoint import load
        from zoo.network import Deployed

        torch.set_num_threads(threads)
        network, record = load(path)
        size = parse(record.model).size
        self.torch = torch
        self.network = Deployed(network).eval().to(memory_format=torch.channels_last)
        shape = (1, 3, size, size)
        self.inputs = (TensorInfo(name=INPUT_NAME, shape=shape, dtype=np.dtype(np.float32)),)
        self.output_names, self.output_scales = [OUTPUT_NAME], [None]

    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        tensor = self.torch.from_numpy(np.ascontiguousarray(values[0]))
        self.given = tensor.contiguous(memory_format=self.torch.channels_last)

    def infer(self) -> None:
        with self.torch.inference_mode():
            self.output = self.network(self.given)

    def outputs(self) -> list[NDArray[Any]]:
        return [np.array(self.output.numpy(), dtype=np.float32)]


def _mil_reference(
    path: Path, threads: int, shapes: Shapes = NO_SHAPES, signature: str | None = None
) -> OpenModel:
    # It needs torch, which measuring does not.
    from zoo.runtime.mil_reference import MilReferenceModel

    return MilReferenceModel(path, threads)


# By the names of zoo.runtime.runtime.RUNTIMES: called with the path, the thread count, the shapes
# of free inputs, and the name of a signature.
ENGINES: dict[str, Callable[[Path, int, Shapes, str | None], OpenModel]] = {
    "onnxruntime": OnnxRuntimeModel,
    "litert": InterpreterModel.litert,
    "tensorflow": InterpreterModel.tensorflow,
    "torch": TorchModel,
    "coreml": CoreMLModel,
    REFERENCE: _mil_reference,
}
