"""TFLite: NHWC and float at both ends, by litert-torch; precisions by ai-edge-quantizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.artifact.label import Label
from zoo.artifact.steps import NetworkRanges, tensor_ranges
from zoo.artifact.tflite_graph import read_graph, read_model, write_model
from zoo.export.tflite_biases import halve_biases
from zoo.export.tflite_metadata import add_metadata
from zoo.preprocess import INPUT_NAME
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from ai_edge_quantizer.quantizer import Quantizer
    from torch import nn


def export(deployed: nn.Module, spec: ModelSpec, label: Label, path: Path) -> None:
    """Write `path`; raises whatever litert-torch raises."""
    import litert_torch
    import torch

    from zoo.export.channels_last import ChannelsLast

    example = torch.zeros(1, spec.size, spec.size, 3)
    model = litert_torch.convert(ChannelsLast(deployed).eval(), sample_kwargs={INPUT_NAME: example})
    model.export(str(path))
    _finish(path, label)


def recast(source: Path, label: Label, path: Path, ranges: NetworkRanges | None) -> None:
    """Write `path` from the fp32 file `source`; raises what the quantizer raises.

    fp16: weights and biases in fp16; the arithmetic is fp32, unless a delegate computes in fp16.
    int8w: weights in int8, a scale a channel; the arithmetic is fp32. int8: weights and
    activations. Both ends stay fp32, but for an int8 file that was asked for with int8 ends.
    """
    from ai_edge_quantizer import quantizer

    operators = quantizer.qtyping.TFLOperationName
    everything = {"regex": ".*", "operation_name": operators.ALL_SUPPORTED}
    recipe = quantizer.Quantizer(str(source))
    match label.precision:
        case "fp16":
            casting = quantizer.AlgorithmName.FLOAT_CASTING
            recipe.add_weight_only_config(**everything, num_bits=16, algorithm_key=casting)
        case "int8w":
            recipe.add_weight_only_config(**everything, num_bits=8)
        case "int8":
            recipe.add_static_config(**everything, activation_num_bits=8, weight_num_bits=8)
            if label.io == "float":
                _leave_ends(recipe)
    found = None if ranges is None else _calibrated(source, ranges)
    path.write_bytes(recipe.quantize(found).quantized_model)
    _finish(path, label)


def _finish(path: Path, label: Label) -> None:
    model = read_model(path)
    if label.precision == "fp16":
        halve_biases(model)
    add_metadata(model, label)
    write_model(path, model)


def _leave_ends(recipe: Quantizer) -> None:
    from ai_edge_quantizer import quantizer

    left = quantizer.AlgorithmName.NO_QUANTIZE
    for end in (
        quantizer.qtyping.TFLOperationName.INPUT,
        quantizer.qtyping.TFLOperationName.OUTPUT,
    ):
        recipe.update_quantization_recipe(".*", end, algorithm_key=left)


def _calibrated(source: Path, ranges: NetworkRanges) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """As the quantizer's own calibration gives it: by tensor, the lowest and the highest."""
    graph = read_graph(source)
    return {
        name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
        for name, (low, high) in tensor_ranges(graph.steps, ranges, graph.image).items()
    }
