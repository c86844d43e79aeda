"""What the same layers put out in an exported file, as its own runtime computes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.artifact.steps import Step
from zoo.base.errors import ArtifactError
from zoo.preprocess import INPUT_NAME, Float32
from zoo.runtime.interpreter import scale_of

Array = NDArray[Any]
# What may stand between a convolution and the values that the next layer reads.
BEHIND = ("Cast", "Clip", "QuantizeLinear", "DequantizeLinear")


def file_layers(path: Path, image: Float32) -> tuple[list[Array], list[Array]]:
    """Of the file's convolutions and of its additions, in the order of execution: the values that
    the next layer reads, as floats [1, C, H, W]. Raises ArtifactError for another format."""
    match path.suffix:
        case ".onnx":
            return _of_onnx(path, image)
        case ".tflite":
            return _of_tflite(path, image)
        case ".mlpackage":
            return _of_package(path, image)
    raise ArtifactError(
        f"{path.name} cannot be looked into on this machine",
        expected="an .onnx or .tflite file, or an .mlpackage",
        remedy="bench explain --help",
    )


def _of_onnx(path: Path, image: Float32) -> tuple[list[Array], list[Array]]:
    import onnx
    import onnxruntime

    model = onnx.load(path)
    readers = {name: node for node in model.graph.node for name in node.input}

    def as_read(name: str) -> str:
        while name in readers and readers[name].op_type in BEHIND:
            name = readers[name].output[0]
        return name

    nodes = _as_torch_runs(model.graph)
    named = [
        [as_read(node.output[0]) for node in nodes if node.op_type in kinds]
        for kinds in (("Conv", "ConvTranspose"), ("Add",))
    ]
    wanted = dict.fromkeys(name for names in named for name in names)
    present = {output.name for output in model.graph.output}
    for name in wanted:
        if name not in present:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    # Fused operators would hide what they were made of.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    values = dict(zip(wanted, session.run(list(wanted), {INPUT_NAME: image}), strict=True))
    convolutions, additions = (
        [values[name].astype(np.float32) for name in names] for names in named
    )
    return convolutions, additions


def _as_torch_runs(graph: Any) -> list[Any]:
    """The nodes of an ONNX graph: what a node's first input needs comes before what its next one
    needs. The quantiser stores them in another order."""
    writers = {name: node for node in graph.node for name in node.output}
    done: dict[str, Any] = {}
    waiting = [graph.output[0].name]
    while waiting:
        name = waiting[-1]
        needed = [one for one in writers[name].input if one in writers and one not in done]
        if needed:
            waiting.append(needed[0])
        else:
            done[waiting.pop()] = writers[name]
    return list(done.values())


def _of_package(path: Path, image: Float32) -> tuple[list[Array], list[Array]]:
    """By the reference interpreter."""
    from zoo.runtime.mil_reference import MilReferenceModel

    model = MilReferenceModel(path, 1)
    model.feed(image)
    steps = model.interpreter.steps
    read_by = {name: step for step, _ in steps for name in step.given.values() if str(name) == name}

    def as_read(name: str) -> str:
        while name in read_by and read_by[name].kind in ("clip", "cast"):
            name = read_by[name].name
        return name

    named = [[as_read(s.name) for s, _ in steps if s.kind == kind] for kind in ("conv", "add")]
    wanted = list(dict.fromkeys(name for names in named for name in names))
    values = dict(zip(wanted, model.interpreter.run(model.given, wanted), strict=True))
    convolutions, additions = ([values[name] for name in names] for names in named)
    return convolutions, additions


def _of_tflite(path: Path, image: Float32) -> tuple[list[Array], list[Array]]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from zoo.artifact.tflite_graph import read_graph

    interpreter = Interpreter(
        str(path),
        experimental_preserve_all_tensors=True,
        # A delegate would hide what it fuses.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    [entry] = interpreter.get_input_details()
    given, scale = image.transpose(0, 2, 3, 1), scale_of(entry)
    interpreter.set_tensor(entry["index"], scale.stored(given, entry["dtype"]) if scale else given)
    interpreter.invoke()
    details = {each["name"]: each for each in interpreter.get_tensor_details()}
    steps = read_graph(path).steps

    def values(kind: str) -> Iterator[Array]:
        for name in _written(steps, kind):
            found = interpreter.get_tensor(details[name]["index"])
            yield _real(found, details[name]).transpose(0, 3, 1, 2)

    return list(values("conv")), list(values("add"))


def _written(steps: Iterable[Step], kind: str) -> list[str]:
    return [step.writes for step in steps if step.kind == kind]


def _real(values: Array, detail: dict[str, Any]) -> Array:
    scale = scale_of(detail)
    return scale.real(values) if scale else values.astype(np.float32)
