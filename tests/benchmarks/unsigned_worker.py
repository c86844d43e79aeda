"""The host's child process, with int8 weights made unsigned for files named so: as every int8 ONNX
file was opened once, on any processor."""

from __future__ import annotations

from pathlib import Path

from devices.host.worker import Worker, main
from zoo.runtime.engines import ENGINES, OnnxRuntimeModel
from zoo.runtime.open_model import Shapes

MARK = "unsigned"


def opened(path: Path, threads: int, shapes: Shapes, signature: str | None) -> OnnxRuntimeModel:
    unsigned = True if MARK in path.name else None
    return OnnxRuntimeModel(path, threads, shapes, signature, unsigned)


if __name__ == "__main__":
    ENGINES["onnxruntime"] = opened
    main(Worker())
