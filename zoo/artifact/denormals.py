"""Counts the fp32 weights of model files that are denormal: so near zero that processors slow down.

`python -m zoo.artifact.denormals` reads a JSON list of [PATH, FORMAT] on standard input and prints
the list of counts, each a number or the reason why there is none. It is a child process because a
file of a stranger's may be anything: what it takes too long for, or dies of, is not known then.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TIMEOUT_S = 60


def denormal_weights(files: Sequence[tuple[Path, str]]) -> list[int | str]:
    """Of each file of such a format; or why that is not known."""
    asked = json.dumps([(str(path.absolute()), format) for path, format in files])
    command = [sys.executable, "-P", "-m", "zoo.artifact.denormals"]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        )
        found: list[int | str] = json.loads(done.stdout)
        return found
    except (subprocess.SubprocessError, ValueError):
        return ["its weights could not be read"] * len(files)


def _count(path: str, format: str) -> int | str:
    read = {"onnx": _onnx, "tflite": _tflite}.get(format)
    if read is None:
        return f"not looked for in {format} files"
    try:
        return sum(map(_denormal, read(Path(path))))
    except Exception as error:  # a damaged file can raise anything
        return f"its weights could not be read: {type(error).__name__}"


def _denormal(values: NDArray[np.float32]) -> int:
    magnitudes = np.abs(values)
    return int(np.sum((magnitudes > 0) & (magnitudes < np.finfo(np.float32).tiny)))


def _onnx(path: Path) -> Iterator[NDArray[np.float32]]:
    import onnx

    for tensor in onnx.load(path, load_external_data=False).graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and not tensor.external_data:
            yield onnx.numpy_helper.to_array(tensor)


def _tflite(path: Path) -> Iterator[NDArray[np.float32]]:
    from ai_edge_litert.schema_py_generated import TensorType

    from zoo.artifact.tflite_graph import read_model

    model: Any = read_model(path)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            stored = model.buffers[tensor.buffer].data
            if tensor.type == TensorType.FLOAT32 and stored is not None:
                yield np.asarray(stored, np.uint8).view(np.float32)


if __name__ == "__main__":
    # Also where the command that waits for it was killed.
    signal.alarm(TIMEOUT_S + 10)
    print(json.dumps([_count(*each) for each in json.load(sys.stdin)]))
