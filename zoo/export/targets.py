"""Which files there are to export: a format in a precision, and what each is made with."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from zoo.artifact.label import Io
from zoo.base.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class Target:
    """A format in a precision, and the distributions whose versions shape its bytes.

    made_from: the precision of the file of the same format that it is made from, instead of the
    checkpoint. calibrated: its activations are scaled by what the layers put out on photographs.
    io: the type of its ends.
    """

    format: str
    precision: str
    tools: tuple[str, ...]
    made_from: str | None = None
    calibrated: bool = False
    io: Io = "float"

    @property
    def key(self) -> str:
        return f"{self.format}.{self.precision}"


_ONNX = ("torch", "onnx", "onnxscript")
_ONNX_AGAIN = (*_ONNX, "onnxruntime")
_TFLITE = ("torch", "litert-torch", "litert-converter")
_TFLITE_AGAIN = (*_TFLITE, "ai-edge-quantizer")
_COREML = ("torch", "coremltools")
TARGETS = (
    Target(format="onnx", precision="fp32", tools=_ONNX),
    Target(format="onnx", precision="fp16", tools=_ONNX_AGAIN, made_from="fp32"),
    Target(format="onnx", precision="fp16a", tools=_ONNX_AGAIN, made_from="fp32"),
    Target(format="onnx", precision="int8", tools=_ONNX_AGAIN, made_from="fp32", calibrated=True),
    Target(format="tflite", precision="fp32", tools=_TFLITE),
    Target(format="tflite", precision="fp16", tools=_TFLITE_AGAIN, made_from="fp32"),
    Target(format="tflite", precision="int8w", tools=_TFLITE_AGAIN, made_from="fp32"),
    Target(
        format="tflite", precision="int8", tools=_TFLITE_AGAIN, made_from="fp32", calibrated=True
    ),
    Target(format="coreml", precision="fp32", tools=_COREML),
    Target(format="coreml", precision="fp16", tools=_COREML),
    Target(format="coreml", precision="int8w", tools=_COREML, made_from="fp16"),
    Target(format="coreml", precision="pal6", tools=_COREML, made_from="fp16"),
    Target(format="coreml", precision="pal4", tools=_COREML, made_from="fp16"),
)


def targets(
    formats: Iterable[str] = (), precisions: Iterable[str] = (), io: Io = "float"
) -> list[Target]:
    """The targets of these formats and precisions, of all where none is named, and what those are
    made from. io: of the int8 TFLite files. Raises UnknownName."""
    chosen = _among("format", formats, lambda target: target.format, TARGETS)
    chosen = _among("precision", precisions, lambda target: target.precision, chosen)
    sources = {(target.format, target.made_from) for target in chosen}
    return [
        replace(target, io=io) if target.key == "tflite.int8" else target
        for target in TARGETS
        if target in chosen or (target.format, target.precision) in sources
    ]


def _among(
    kind: str, names: Iterable[str], name_of: Callable[[Target], str], chosen: Iterable[Target]
) -> list[Target]:
    """Those whose name is among the names; all, where there are no names."""
    wanted, known = list(names), list(chosen)
    for name in wanted:
        if name not in map(name_of, known):
            raise UnknownName.of(
                kind, name, sorted(set(map(name_of, known))), "bench export --help"
            )
    return [target for target in known if not wanted or name_of(target) in wanted]


def tool_versions(target: Target) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in target.tools}
