"""One class a runtime, behind one interface; what is timed is `infer` alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from zoo.preprocess import INPUT_NAME, OUTPUT_NAME, Float32


class OpenModel(ABC):
    """A loaded artifact: `feed` an image, `infer`, read the `mask`."""

    @abstractmethod
    def feed(self, image: Float32) -> None:
        """Set the input: RGB float32 [1, 3, S, S] in 0..1."""

    @abstractmethod
    def infer(self) -> None:
        """Run the model once on the input that was fed."""

    @abstractmethod
    def mask(self) -> Float32:
        """A copy of the last result: hair probability [S, S]."""

    def predict(self, image: Float32) -> Float32:
        """Masks [1, S, S] of one image [1, 3, S, S]."""
        self.feed(image)
        self.infer()
        return self.mask()[None]


class OnnxRuntimeModel(OpenModel):
    """onnxruntime on the CPU, input and output bound once, so that a run allocates nothing."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        (given,) = self.session.get_inputs()
        (result,) = self.session.get_outputs()
        self.input = onnxruntime.OrtValue.ortvalue_from_shape_and_type(given.shape, np.float32)
        self.output = onnxruntime.OrtValue.ortvalue_from_shape_and_type(result.shape, np.float32)
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input(given.name, self.input)
        self.binding.bind_ortvalue_output(result.name, self.output)

    def feed(self, image: Float32) -> None:
        self.input.update_inplace(np.ascontiguousarray(image))

    def infer(self) -> None:
        self.session.run_with_iobinding(self.binding)

    def mask(self) -> Float32:
        return np.array(self.output.numpy()[0, 0], dtype=np.float32)


class InterpreterModel(OpenModel):
    """A TFLite interpreter, of LiteRT or of TensorFlow: the two share one interface."""

    def __init__(self, interpreter: Any) -> None:
        self.interpreter = interpreter
        interpreter.allocate_tensors()
        (self.input,) = interpreter.get_input_details()
        (self.output,) = interpreter.get_output_details()

    @classmethod
    def litert(cls, path: Path, threads: int) -> InterpreterModel:
        from ai_edge_litert.interpreter import Interpreter

        return cls(Interpreter(model_path=str(path), num_threads=threads))

    @classmethod
    def tensorflow(cls, path: Path, threads: int) -> InterpreterModel:
        import tensorflow

        return cls(tensorflow.lite.Interpreter(model_path=str(path), num_threads=threads))

    def feed(self, image: Float32) -> None:
        nhwc = np.ascontiguousarray(image.transpose(0, 2, 3, 1))
        self.interpreter.set_tensor(self.input["index"], nhwc)

    def infer(self) -> None:
        self.interpreter.invoke()

    def mask(self) -> Float32:
        found: Float32 = self.interpreter.get_tensor(self.output["index"])
        return found[0, :, :, 0]


class TorchModel(OpenModel):
    """The checkpoint itself in torch, eager and channels-last: the reference, not a product."""

    def __init__(self, path: Path, threads: int) -> None:
        import torch

        from zoo.checkpoint import load
        from zoo.network import Deployed

        torch.set_num_threads(threads)
        network, _ = load(path)
        self.torch = torch
        self.network = Deployed(network).eval().to(memory_format=torch.channels_last)

    def feed(self, image: Float32) -> None:
        tensor = self.torch.from_numpy(image)
        self.input = tensor.contiguous(memory_format=self.torch.channels_last)

    def infer(self) -> None:
        with self.torch.inference_mode():
            self.output = self.network(self.input)

    def mask(self) -> Float32:
        return np.array(self.output[0, 0].numpy(), dtype=np.float32)


class CoreMLModel(OpenModel):
    """Core ML on this Mac, all compute units. Never run by this project: no Mac was at hand."""

    def __init__(self, path: Path, threads: int) -> None:
        import coremltools

        self.model = coremltools.models.MLModel(str(path))

    def feed(self, image: Float32) -> None:
        from PIL import Image

        pixels = np.rint(image[0].transpose(1, 2, 0) * 255).astype(np.uint8)
        self.input = {INPUT_NAME: Image.fromarray(pixels)}

    def infer(self) -> None:
        self.output = self.model.predict(self.input)

    def mask(self) -> Float32:
        return np.array(self.output[OUTPUT_NAME][0, 0], dtype=np.float32)


# By the names of zoo.runtime.RUNTIMES: called with the path and the thread count.
ENGINES = {
    "onnxruntime": OnnxRuntimeModel,
    "litert": InterpreterModel.litert,
    "tensorflow": InterpreterModel.tensorflow,
    "torch": TorchModel,
    "coreml": CoreMLModel,
}
