"""Runs any artifact on this machine. One class a runtime; what is timed is `infer` alone.

The same code answers "what does this file predict" (parity, IoU, `bench predict`) and "how long
does it take" (devices.host), so that both are said of the same thing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from zoo.errors import ArtifactError, DeviceError, UnknownName
from zoo.preprocess import INPUT_NAME, OUTPUT_NAME, Float32


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """format: what it opens. distribution, module: what to install, and what to import."""

    format: str
    distribution: str
    module: str
    default: bool
    remedy: str = "make setup"


RUNTIMES: Mapping[str, Runtime] = MappingProxyType(
    {
        "onnxruntime": Runtime(
            format="onnx", distribution="onnxruntime", module="onnxruntime", default=True
        ),
        "litert": Runtime(
            format="tflite",
            distribution="ai-edge-litert",
            module="ai_edge_litert.interpreter",
            default=True,
        ),
        "coreml": Runtime(
            format="coreml", distribution="coremltools", module="coremltools", default=True
        ),
        "torch": Runtime(format="torch", distribution="torch", module="torch", default=False),
        "tensorflow": Runtime(
            format="tflite",
            distribution="tensorflow-cpu",
            module="tensorflow",
            default=False,
            remedy="pip install '.[tensorflow]'",
        ),
    }
)


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


def why_not(runtime: str) -> str | None:
    """Why this machine can not use `runtime`; None when it can. Imports nothing heavy."""
    known = RUNTIMES.get(runtime)
    if known is None:
        raise UnknownName.of("runtime", runtime, RUNTIMES, "bench devices")
    if runtime == "coreml" and sys.platform != "darwin":
        return "Core ML runs on macOS and iOS only"
    if importlib.util.find_spec(known.module.partition(".")[0]) is None:
        return f"{known.distribution} is not installed"
    return None


def load_library(runtime: str) -> None:
    """Import the runtime's own library, so that it is not counted as loading a model."""
    if runtime == "coreml":
        # TensorFlow beside this torch kills `import coremltools` by SIGSEGV.
        sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
    if runtime == "torch":
        importlib.import_module("zoo.network")
    importlib.import_module(RUNTIMES[runtime].module)


def version(runtime: str) -> str:
    """The version of the runtime's distribution."""
    for name in (RUNTIMES[runtime].distribution, RUNTIMES[runtime].module):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def open_model(path: Path, runtime: str, threads: int) -> OpenModel:
    """Load `path`. Raises DeviceError when the runtime is not to be had, ArtifactError when it
    rejects the file."""
    reason = why_not(runtime)
    if reason is not None:
        raise DeviceError(f"{runtime}: {reason}", remedy=RUNTIMES[runtime].remedy)
    if not path.exists():
        raise ArtifactError(f"{path} does not exist", remedy="bench export")
    load_library(runtime)
    try:
        return _OPENERS[runtime](path, threads)
    except (RuntimeError, ValueError, OSError) as error:
        raise ArtifactError(
            f"{runtime} can not open {path}: {error}",
            expected=f"a whole {RUNTIMES[runtime].format} model",
            remedy="bench export --force",
        ) from error
    except Exception as error:
        # onnxruntime raises classes of its own that share no base but Exception.
        if type(error).__module__.startswith("onnxruntime"):
            raise ArtifactError(
                f"{runtime} can not open {path}: {error}", remedy="bench export --force"
            ) from error
        raise


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


_OPENERS = {
    "onnxruntime": OnnxRuntimeModel,
    "litert": InterpreterModel.litert,
    "tensorflow": InterpreterModel.tensorflow,
    "torch": TorchModel,
    "coreml": CoreMLModel,
}
