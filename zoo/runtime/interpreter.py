"""TFLite files, in the interpreter of LiteRT or of TensorFlow: the two share one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.runtime.open_model import NO_SHAPES, OpenModel, Scale, Shapes, TensorInfo


class InterpreterModel(OpenModel):
    """The first graph of a file."""

    channels_last = True

    def __init__(self, interpreter: Any, shapes: Shapes = NO_SHAPES) -> None:
        self.interpreter = interpreter
        for given in interpreter.get_input_details():
            if given["name"] in shapes:
                # Strict: sides that the file fixes are not changed.
                interpreter.resize_tensor_input(given["index"], shapes[given["name"]], strict=True)
        interpreter.allocate_tensors()
        details = {given["name"]: given for given in interpreter.get_input_details()}
        self._hold(details, interpreter.get_output_details())

    def _hold(self, details: Mapping[str, Any], results: Sequence[Any]) -> None:
        """What the interpreter says of its inputs, by name, and of its outputs."""
        self.places = [given["index"] for given in details.values()]
        self.results = [result["index"] for result in results]
        self.output_names = [result["name"] for result in results]
        self.output_scales = [scale_of(result) for result in results]
        self.mask_scale = self.output_scales[0]
        self.inputs = tuple(
            TensorInfo(
                name=name,
                shape=tuple(int(side) for side in given["shape"]),
                dtype=np.dtype(given["dtype"]),
                scale=scale_of(given),
            )
            for name, given in details.items()
        )

    @classmethod
    def litert(
        cls, path: Path, threads: int, shapes: Shapes = NO_SHAPES, signature: str | None = None
    ) -> InterpreterModel:
        from ai_edge_litert.interpreter import Interpreter

        return _opened(Interpreter(model_path=str(path), num_threads=threads), shapes, signature)

    @classmethod
    def tensorflow(
        cls, path: Path, threads: int, shapes: Shapes = NO_SHAPES, signature: str | None = None
    ) -> InterpreterModel:
        import tensorflow

        interpreter = tensorflow.lite.Interpreter(model_path=str(path), num_threads=threads)
        return _opened(interpreter, shapes, signature)

    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        for place, given in zip(self.places, values, strict=True):
            self.interpreter.set_tensor(place, np.ascontiguousarray(given))

    def infer(self) -> None:
        self.interpreter.invoke()

    def outputs(self) -> list[NDArray[Any]]:
        return [self.interpreter.get_tensor(place) for place in self.results]


class SignatureModel(InterpreterModel):
    """One of several signatures. Its graph need not be the first, and the interpreter's own methods
    reach that one alone: so it is asked by way of what it wraps, as its SignatureRunner does."""

    def __init__(self, interpreter: Any, shapes: Shapes, signature: str) -> None:
        self.runner = interpreter.get_signature_runner(signature)
        self.wrapped, self.graph = interpreter._interpreter, self.runner._subgraph_index
        for name, given in self.runner.get_input_details().items():
            if name in shapes:
                size = np.array(shapes[name], dtype=np.int32)
                self.wrapped.ResizeInputTensor(given["index"], size, True, self.graph)
        self.wrapped.AllocateTensors(self.graph)
        results = list(self.runner.get_output_details().values())
        self._hold(self.runner.get_input_details(), results)

    def set_inputs(self, values: Sequence[NDArray[Any]]) -> None:
        for place, given in zip(self.places, values, strict=True):
            self.wrapped.SetTensor(place, np.ascontiguousarray(given), self.graph)

    def infer(self) -> None:
        self.wrapped.Invoke(self.graph)

    def outputs(self) -> list[NDArray[Any]]:
        return [self.wrapped.GetTensor(place, self.graph) for place in self.results]


def _opened(interpreter: Any, shapes: Shapes, signature: str | None) -> InterpreterModel:
    if signature is None:
        return InterpreterModel(interpreter, shapes)
    return SignatureModel(interpreter, shapes, signature)


def scale_of(detail: Mapping[str, Any]) -> Scale | None:
    """Of a tensor as the interpreter describes it, one scale for all of it; None for floats."""
    found = detail["quantization_parameters"]
    if not len(found["scales"]) or np.dtype(detail["dtype"]).kind == "f":
        return None
    return Scale(step=float(found["scales"][0]), zero=int(found["zero_points"][0]))
