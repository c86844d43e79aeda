"""Looks at a model file: its inputs and outputs, the type of its weights, what its values are like.

`python -m zoo.imported.look` reads a JSON object on standard input and prints one. It is a child
process, because the file is a stranger's: what takes too long, or kills its process, is an error.
"""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zoo.base.children import ending, last_line
from zoo.base.errors import ArtifactError, BenchError, DeviceError
from zoo.base.frozen import Frozen
from zoo.base.pictures import shown
from zoo.runtime.open_model import TensorInfo
from zoo.runtime.processor import REFERENCE

TIMEOUT_S = 300
# Core ML itself runs on a Mac alone; what the reference finds is the same everywhere.
RUNTIMES = {"onnx": "onnxruntime", "tflite": "litert", "coreml": REFERENCE}
# Inferences on noise, by which values are judged.
LOOKS = 3
# By format, the module here that reads such a file.
FILES = {"onnx": "onnx_file", "tflite": "tflite_file", "coreml": "mlpackage_file"}


class Tensor(Frozen):
    """limits: the lowest and highest real value that a quantised one can stand for. planes: of an
    image of bytes, the order in which the file has them: rgb or bgr."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    limits: tuple[float, float] | None = None
    planes: Literal["rgb", "bgr"] | None = None


class Result(Frozen):
    """An output on noise: its lowest and highest value, null where it is not finite; sums_to_one:
    by which axis its values always do. image: whether an app gets an image of bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    low: float | None
    high: float | None
    sums_to_one: tuple[int, ...] = ()
    image: bool = False


class Seen(Frozen):
    """normalisation: mean and deviation of pixels in 0..255, as LiteRT metadata state them."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Result, ...]
    precision: str
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None


def look(source: Path, copy: Path, format: str, size: tuple[int, int] | None) -> Seen:
    """Of the copy, which is made whole first: weights that lie beside the source are put into it,
    and free sides set to `size`, height and width. Raises ArtifactError, DeviceError."""
    asked = {"source": str(source.absolute()), "copy": str(copy.resolve()), "format": format}
    command = [sys.executable, "-P", "-m", "zoo.imported.look"]
    words = json.dumps({**asked, "size": size})
    try:
        done = subprocess.run(
            command, input=words, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise ArtifactError(
            f"{shown(source)} was not read and run within {TIMEOUT_S} s",
            expected="a model that a phone could run",
        ) from None
    if done.returncode:
        how = f"{ending(done.returncode)}: {last_line(done.stderr.splitlines())}"
        raise ArtifactError(
            f"{shown(source)}: the process that ran it {shown(how)}",
            expected=f"a model that {RUNTIMES[format]} opens and runs",
        )
    answer = json.loads(done.stdout.splitlines()[-1])
    if "error" in answer:
        kind = DeviceError if answer["device"] else ArtifactError
        error, expected, remedy = (shown(answer[k]) for k in ("error", "expected", "remedy"))
        raise kind(error.replace(str(copy), shown(source)), expected=expected, remedy=remedy)
    return Seen.model_validate(answer)


def seen(source: str, copy: str, format: str, size: list[int] | None) -> Seen:
    """In the child."""
    from zoo.runtime.runtime import open_model, ready

    ready(RUNTIMES[format])
    file: Any = importlib.import_module(f"zoo.imported.{FILES[format]}")
    file.make_whole(Path(source), Path(copy), size)
    opened, images = open_model(Path(copy), RUNTIMES[format], 1), file.images(Path(copy))
    outputs: list[list[Any]] = []
    # What takes no picture is not run: its inputs may be anything.
    for seed in range(LOOKS if [len(one.shape) for one in opened.inputs] == [4] else 0):
        opened.set_inputs([_noise(opened.inputs[0], seed)])
        opened.infer()
        outputs.append(opened.outputs())
    named = zip(opened.output_names, opened.output_scales, strict=True)
    return Seen(
        inputs=tuple(
            Tensor(
                name=one.name,
                shape=one.shape,
                dtype=one.dtype.name,
                limits=None if one.scale is None else one.scale.limits(one.dtype),
                planes=images.get(one.name),
            )
            for one in opened.inputs
        ),
        outputs=tuple(
            _result(name, scale, values, name in images)
            for (name, scale), values in zip(named, zip(*outputs, strict=True), strict=False)
        ),
        precision=file.precision(Path(copy)),
        normalisation=file.normalisation(Path(copy)),
    )


def _noise(tensor: TensorInfo, seed: int) -> NDArray[Any]:
    """A picture's levels: of floats in 0..1, of integers as far as bytes of either sign go."""
    levels = np.random.default_rng(seed).integers(0, 256, tensor.shape, dtype=np.uint8)
    if tensor.dtype.kind == "f":
        return (levels / np.float32(255)).astype(tensor.dtype)
    return (levels // 2).astype(tensor.dtype)


def _result(name: str, scale: Any, values: tuple[Any, ...], image: bool) -> Result:
    stored = np.stack(values)
    real = scale.real(stored) if scale is not None else stored
    finite = stored.size > 0 and bool(np.isfinite(real).all())
    axes = range(1, real.ndim) if finite and real.dtype.kind == "f" else ()
    # Quantised ones add up to it roughly.
    near = 0.02 if scale is not None else 1e-3
    return Result(
        name=name,
        shape=tuple(stored.shape[1:]),
        dtype="float32" if scale is not None else stored.dtype.name,
        low=float(real.min()) if finite else None,
        high=float(real.max()) if finite else None,
        sums_to_one=tuple(
            axis - 1 for axis in axes if np.allclose(real.sum(axis=axis), 1, rtol=0, atol=near)
        ),
        image=image,
    )


def _answer(request: dict[str, Any]) -> str:
    try:
        return seen(**request).model_dump_json()
    except BenchError as error:
        told = {"error": error.seen, "expected": error.expected, "remedy": error.remedy}
        return json.dumps({**told, "device": isinstance(error, DeviceError)})
    except MemoryError:
        told = {"error": "it wants more memory than there is", "expected": "", "remedy": ""}
        return json.dumps({**told, "device": False})


if __name__ == "__main__":
    # Also where the command that waits for it was killed: a model may never end.
    signal.alarm(TIMEOUT_S + 10)
    print(_answer(json.loads(sys.stdin.readline() or sys.stdin.read())))
