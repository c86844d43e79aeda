"""ONNX: one self-contained file, input 1x3xSxS, by torch's own (dynamo) exporter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.artifact.half import PRECISIONS
from zoo.artifact.label import AUTHOR, Label
from zoo.artifact.steps import Kind, NetworkRanges, Step, tensor_ranges
from zoo.preprocess import INPUT_NAME, OUTPUT_NAME
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    import onnx
    from torch import nn

# LayerNormalization, GroupNormalization and the present Resize arrived by 18; onnxruntime-web and
# onnxruntime-mobile of the last two years take it.
OPSET = 18
KINDS: dict[str, Kind] = {
    "Conv": "conv",
    "ConvTranspose": "conv",
    "Clip": "activation",
    "Add": "add",
    "Sigmoid": "sigmoid",
}


def export(deployed: nn.Module, spec: ModelSpec, label: Label, path: Path) -> None:
    """Write `path`; raises whatever torch.onnx raises."""
    import torch

    example = torch.zeros(1, 3, spec.size, spec.size)
    program = torch.onnx.export(
        deployed,
        (example,),
        dynamo=True,
        input_names=[INPUT_NAME],
        output_names=[OUTPUT_NAME],
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    _drop_traces(model)
    _save(model, label, path)


def recast(source: Path, label: Label, path: Path, ranges: NetworkRanges | None) -> None:
    """Write `path` from the fp32 file `source`, by onnxruntime's own tools; both ends stay fp32.

    fp16: weights, and arithmetic where the processor has it, but Clip. fp16a: Clip too. int8:
    weights (a scale a channel) and activations, as QDQ.
    """
    import onnx

    if label.precision in PRECISIONS:
        _save(_half(onnx.load(source), clip=label.precision == "fp16a"), label, path)
        return
    from onnxruntime.quantization import QuantType, quantize_static

    assert ranges is not None
    with tempfile.TemporaryDirectory() as folder:
        calibrated = Path(folder) / "ranges.json"
        _write_ranges(source, ranges, calibrated)
        quantised = Path(folder) / "int8.onnx"
        quantize_static(
            source,
            quantised,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibration_cache_path=calibrated,
        )
        _save(onnx.load(quantised), label, path)


def _half(model: onnx.ModelProto, *, clip: bool) -> onnx.ModelProto:
    """In fp16 but for both ends, and Clip only where that is wanted.

    A Clip in fp16 has bounds in fp16. Where onnxruntime 1.32 has no convolution in fp16 it casts
    them in the graph, they are no constants then, and no convolution takes its Clip in: on x86 the
    file takes 1.3 times as long as in fp32. With Clip in fp32 all are fused and nothing is cast.
    Where convolutions do run in fp16 it is the other way round.
    """
    from onnxruntime.transformers.float16 import (
        DEFAULT_OP_BLOCK_LIST,
        convert_float_to_float16,
    )
    from onnxruntime.transformers.onnx_model import OnnxModel

    kept = [*DEFAULT_OP_BLOCK_LIST, *([] if clip else ["Clip"])]
    half: onnx.ModelProto = convert_float_to_float16(model, keep_io_types=True, op_block_list=kept)
    # It leaves its Casts behind the nodes that read them, which the format forbids.
    OnnxModel.graph_topological_sort(half.graph)
    _retype(half)
    return half


def _retype(half: onnx.ModelProto) -> None:
    """The converter leaves the types of before on some values that it changed."""
    import onnx

    bare = onnx.ModelProto()
    bare.CopyFrom(half)
    del bare.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(bare).graph.value_info
    types = {value.name: value.type.tensor_type.elem_type for value in inferred}
    types |= {weight.name: weight.data_type for weight in half.graph.initializer}
    for value in half.graph.value_info:
        value.type.tensor_type.elem_type = types[value.name]


def _save(model: onnx.ModelProto, label: Label, path: Path) -> None:
    """With the label in `metadata_props`, once it is known to be valid ONNX."""
    import onnx

    onnx.checker.check_model(model, full_check=True)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, label.entries)
    model.producer_name, model.producer_version = AUTHOR, label.version
    model.doc_string = label.description
    onnx.save_model(model, str(path), save_as_external_data=False)


def _write_ranges(source: Path, ranges: NetworkRanges, path: Path) -> None:
    """As the quantizer's own calibration writes it."""
    from onnxruntime.quantization.calibrate import (
        CalibrationMethod,
        TensorsData,
        save_tensors_data,
    )

    found = tensor_ranges(_steps(source), ranges, INPUT_NAME)
    extremes = {name: tuple(map(np.float32, each)) for name, each in found.items()}
    save_tensors_data(TensorsData(CalibrationMethod.MinMax, extremes), path)


def _steps(source: Path) -> Iterator[Step]:
    import onnx

    graph = onnx.load(source).graph
    constants = {tensor.name for tensor in graph.initializer} | {""}
    for node in graph.node:
        reads = tuple(name for name in node.input if name not in constants)
        yield Step(kind=KINDS.get(node.op_type, "moves"), reads=reads, writes=node.output[0])


def _drop_traces(model: object) -> None:
    """The exporter notes its stack traces, with this machine's paths, at every node and value."""
    graph = model.graph  # type: ignore[attr-defined]
    for entry in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del entry.metadata_props[:]
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
