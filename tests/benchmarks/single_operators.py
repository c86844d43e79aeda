"""Cuts each operator of a TFLite file out, into a file of its own, to be timed alone.

LiteRT gives no times of single operators in Python. Alone, an operator also pays for the call
itself, some microseconds, the same in every precision.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from zoo.artifact.tflite_graph import read_graph, read_model


def operator_times_us(path: Path, repeats: int) -> list[tuple[str, float]]:
    """Each operator in the order of execution: its name, and its median time in microseconds."""
    names = read_graph(path).operators
    return [
        (name, _median_us(content, repeats))
        for name, content in zip(names, _single(read_model(path)), strict=True)
    ]


def _single(model: Any) -> Iterator[bytes]:
    """The files, as bytes."""
    [graph] = model.subgraphs
    for operator in graph.operators:
        alone = schema.SubGraphT()
        alone.tensors, alone.operators = [], [copy.copy(operator)]
        buffers = [schema.BufferT()]
        places: dict[int, int] = {-1: -1}
        for index in [*operator.inputs, *operator.outputs]:
            if index not in places:
                places[index] = len(alone.tensors)
                alone.tensors.append(_moved(graph.tensors[index], model, buffers))
        alone.inputs = [
            places[i] for i in operator.inputs if i >= 0 and not _constant(graph.tensors[i], model)
        ]
        alone.outputs = [places[i] for i in operator.outputs]
        alone.operators[0].inputs = [places[i] for i in operator.inputs]
        alone.operators[0].outputs = [places[i] for i in operator.outputs]
        alone.operators[0].opcodeIndex = 0
        file = schema.ModelT()
        file.version, file.subgraphs, file.buffers = 3, [alone], buffers
        file.operatorCodes = [model.operatorCodes[operator.opcodeIndex]]
        builder = flatbuffers.Builder(1024)
        builder.Finish(file.Pack(builder), b"TFL3")
        yield bytes(builder.Output())


def _moved(tensor: Any, model: Any, buffers: list[Any]) -> Any:
    moved = copy.copy(tensor)
    moved.buffer = 0
    if _constant(tensor, model):
        moved.buffer = len(buffers)
        buffers.append(model.buffers[tensor.buffer])
    return moved


def _constant(tensor: Any, model: Any) -> bool:
    return model.buffers[tensor.buffer].data is not None


def _median_us(content: bytes, repeats: int) -> float:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    generator = np.random.default_rng(0)
    for given in interpreter.get_input_details():
        values = generator.random(given["shape"], dtype=np.float32)
        if given["dtype"] is not np.float32:
            values = np.rint(values * 200 - 100)
        interpreter.set_tensor(given["index"], values.astype(given["dtype"]))
    times = []
    for _ in range(repeats):
        start = perf_counter_ns()
        interpreter.invoke()
        times.append(perf_counter_ns() - start)
    return float(np.median(times[repeats // 4 :])) / 1e3
