"""Runs any artifact on this machine: which runtimes there are, and how a file is opened.

The same code answers "what does this file predict" (parity, IoU, `bench predict`) and "how long
does it take" (devices.host.device), so that both are said of the same thing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from zoo.base.errors import ArtifactError, DeviceError, UnknownName
from zoo.mil.package import before_coremltools
from zoo.runtime.engines import ENGINES
from zoo.runtime.open_model import NO_SHAPES, OpenModel, Shapes
from zoo.runtime.processor import REFERENCE


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """format: what it opens. distribution, module: what to install, and what to import. in_caller:
    whether with one thread all its work is done in the thread that calls it. timed: whether its
    latency means anything; a reference says what a file computes, and no more."""

    format: str
    distribution: str
    module: str
    default: bool
    in_caller: bool = True
    timed: bool = True
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
            format="coreml",
            distribution="coremltools",
            module="coremltools",
            default=True,
            in_caller=False,
        ),
        REFERENCE: Runtime(
            format="coreml",
            distribution="coremltools",
            module="coremltools",
            default=False,
            timed=False,
            remedy="pip install '.[export]'",
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


def engine(runtime: str) -> Runtime:
    """What opens files for it: `litert-gpu` is LiteRT, on an accelerator of a phone."""
    return RUNTIMES.get(runtime) or RUNTIMES[runtime.partition("-")[0]]


def why_not(runtime: str) -> str | None:
    """Why this machine cannot use `runtime`; None when it can. Imports nothing heavy."""
    known = RUNTIMES.get(runtime)
    if known is None:
        raise UnknownName.of("runtime", runtime, RUNTIMES, "bench devices")
    if runtime == "coreml" and sys.platform != "darwin":
        return "Core ML runs on macOS and iOS only"
    if importlib.util.find_spec(known.module.partition(".")[0]) is None:
        return f"{known.distribution} is not installed"
    return None


def default_for(format: str) -> str:
    """The runtime that such files are timed by, unless another is asked for."""
    return next(n for n, known in RUNTIMES.items() if known.format == format and known.default)


def load_library(runtime: str) -> None:
    """Import the runtime's own library, so that it is not counted as loading a model."""
    if RUNTIMES[runtime].module == "coremltools":
        before_coremltools()
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


def ready(runtime: str) -> None:
    """Raises DeviceError where this machine cannot use `runtime`; loads its library."""
    reason = why_not(runtime)
    if reason is not None:
        raise DeviceError(f"{runtime}: {reason}", remedy=RUNTIMES[runtime].remedy)
    load_library(runtime)


def open_model(
    path: Path,
    runtime: str,
    threads: int,
    shapes: Shapes = NO_SHAPES,
    signature: str | None = None,
) -> OpenModel:
    """Load `path`. shapes: of inputs whose file leaves them free. signature: which of several.
    Raises DeviceError when the runtime is not to be had, ArtifactError when it rejects the file."""
    ready(runtime)
    if not path.exists():
        raise ArtifactError(f"{path} does not exist", remedy="bench export --model NAME")
    try:
        return ENGINES[runtime](path, threads, shapes, signature)
    except ArtifactError:
        raise
    except Exception as error:
        # onnxruntime raises classes of its own that share no base but Exception.
        foreign = type(error).__module__.startswith("onnxruntime")
        if not foreign and not isinstance(error, RuntimeError | ValueError | OSError):
            raise
        raise ArtifactError(
            f"{runtime} cannot open {path}: {error}",
            expected=f"a whole {RUNTIMES[runtime].format} model",
            remedy="export it again; of the zoo's files: bench export --model NAME --force",
        ) from error
