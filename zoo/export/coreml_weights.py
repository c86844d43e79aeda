"""The convolutions' weights that a Core ML package holds, decompressed: to be run in torch.

It tells what compression did to the weights where Core ML can not run; its arithmetic is not in it.
Read in a child process, for coremltools neither bears TensorFlow beside it nor is quiet:
`python -m zoo.export.coreml_weights PACKAGE OUTPUT`.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from zoo.base.children import Ended, Job, end_with_parent, run_jobs
from zoo.base.errors import ArtifactError
from zoo.export.fold import folded
from zoo.export.layers import torch_layers
from zoo.spec import ModelSpec


def with_weights_of(package: Path, network: nn.Module, spec: ModelSpec) -> nn.Module:
    """A copy of the network, batch norms folded, with the package's weights in its convolutions.

    Raises ArtifactError where the package can not be read or is of another network.
    """
    filled = copy.deepcopy(folded(network))
    image = np.zeros((1, 3, spec.size, spec.size), np.float32)
    names = [layer.name for layer in torch_layers(filled, image) if layer.kind == "conv"]
    layers, weights = dict(filled.named_modules()), _weights_of(package)
    if [layers[name].weight.shape for name in names] != [each.shape for each in weights]:
        raise ArtifactError(
            f"{package} is of another network",
            expected=f"the convolutions of {spec.name}",
            remedy=f"bench export --force --model {spec.name}",
        )
    for name, each in zip(names, weights, strict=True):
        layers[name].weight.data = torch.from_numpy(each)
    return filled


def _weights_of(package: Path) -> Sequence[NDArray[np.float32]]:
    """In the order of execution."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "weights.npz"
        words = ("-m", "zoo.export.coreml_weights", str(package), str(output))
        for event in run_jobs([Job(name="weights", words=words)], 1):
            if isinstance(event, Ended) and event.problem is not None:
                raise ArtifactError(
                    f"the weights of {package} can not be read: {event.problem}",
                    expected="a whole mlpackage",
                    remedy="bench export --force",
                )
        with np.load(output) as stored:
            return [stored[f"arr_{index}"] for index in range(len(stored.files))]


def main(package: str, output: str) -> None:
    """Any failure is this process's own."""
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    import coremltools as ct
    from coremltools.converters.mil.frontend.milproto.load import load

    model = ct.models.MLModel(package, skip_model_load=True)
    described = model.get_spec()
    program = load(described, described.specificationVersion, model.weights_dir)
    [function] = program.functions.values()
    weights = [_decompressed(op.weight) for op in function.operations if op.op_type == "conv"]
    np.savez(output, *weights)


def _decompressed(weight: Any) -> NDArray[np.float32]:
    values = weight.op.materialized_val_inference() if weight.val is None else weight.val
    return np.asarray(values, dtype=np.float32)


if __name__ == "__main__":
    end_with_parent()
    main(*sys.argv[1:])
