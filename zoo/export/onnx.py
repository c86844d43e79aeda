"""ONNX: one self-contained file, input 1x3xSxS, by torch's own (dynamo) exporter."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from zoo.preprocess import INPUT_NAME, OUTPUT_NAME
from zoo.spec import ModelSpec

# LayerNormalization, GroupNormalization and the present Resize arrived by 18; onnxruntime-web and
# onnxruntime-mobile of the last two years take it.
OPSET = 18


def export(deployed: nn.Module, spec: ModelSpec, precision: str, path: Path) -> None:
    """Write `path`; raises whatever torch.onnx raises."""
    import onnx
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
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, str(path), save_as_external_data=False)


def _drop_traces(model: object) -> None:
    """The exporter notes its stack traces, with this machine's paths, at every node and value."""
    graph = model.graph  # type: ignore[attr-defined]
    for entry in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del entry.metadata_props[:]
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
