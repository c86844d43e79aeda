"""How to feed the files of a variant: a snippet for each kind of file that was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from zoo.artifact.manifest import Artifact, verified
from zoo.artifact.tflite_graph import read_model
from zoo.home import Home
from zoo.runtime.open_model import Scale
from zoo.spec import ModelSpec

TEMPLATES = Path(__file__).parent / "templates"
# What a reader most likely wants to begin with; what is rejected comes last.
FIRST = ("fp16", "fp32", "int8", "int8w")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Files that are fed alike: of one format, with ends of one type. templates: by language."""

    format: str
    io: str
    title: str
    templates: dict[str, str]


KINDS = (
    Kind(
        format="tflite",
        io="float",
        title="TFLite",
        templates={"python": "python_tflite", "kotlin": "kotlin"},
    ),
    Kind(
        format="tflite",
        io="int8",
        title="TFLite with int8 ends",
        templates={"python": "python_tflite_int8", "kotlin": "kotlin_int8"},
    ),
    Kind(format="onnx", io="float", title="ONNX", templates={"python": "python_onnx"}),
    Kind(format="coreml", io="float", title="Core ML", templates={"swift": "swift"}),
)


def feeding(home: Home, spec: ModelSpec, artifacts: Sequence[Artifact], target: str) -> str:
    """Markdown: how to feed the files that lie there. Raises ArtifactError for one with int8 ends
    that was changed."""
    parts = []
    for kind in KINDS:
        alike = [a for a in artifacts if (a.format, a.io) == (kind.format, kind.io)]
        there = [a for a in alike if home.artifact(spec, a.format, a.precision).exists()]
        if there:
            parts.append(_of_kind(home, spec, kind, sorted(there, key=_place), target))
    return "\n\n".join(parts) or f"No file is there yet. Next: bench export --model {spec.name}"


def _place(artifact: Artifact) -> tuple[bool, int, str]:
    known = artifact.precision in FIRST
    place = FIRST.index(artifact.precision) if known else len(FIRST)
    return bool(artifact.rejected), place, artifact.precision


def _of_kind(
    home: Home, spec: ModelSpec, kind: Kind, artifacts: Sequence[Artifact], target: str
) -> str:
    names = [home.artifact(spec, a.format, a.precision).name for a in artifacts]
    first = artifacts[0]
    values = {"size": str(spec.size), "target": target}
    values |= {"file": names[0], "bundled": names[0].rpartition(".")[0]}
    if kind.io == "int8":
        values |= _scales(verified(home, spec, first))
    told = f"### {kind.title}\n\n{_which(names, artifacts)}"
    for language, template in kind.templates.items():
        text = Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8"))
        told += f"\n\n```{language}\n{text.substitute(values)}```"
    return told


def _which(names: Sequence[str], artifacts: Sequence[Artifact]) -> str:
    """Of which files it holds."""
    told = [
        f"`{n}`" + " (rejected)" * bool(a.rejected) for n, a in zip(names, artifacts, strict=True)
    ]
    if len(told) == 1:
        return f"Of {told[0]}."
    return f"Of {told[0]}; put another name there for {', '.join(told[1:])}."


def _scales(path: Path) -> dict[str, str]:
    """How the ends of a file hold what they mean, by the file itself."""
    graph = read_model(path).subgraphs[0]
    found: dict[str, str] = {}
    for end, index in (("input", graph.inputs[0]), ("output", graph.outputs[0])):
        stored = graph.tensors[index].quantization
        scale = Scale(step=float(stored.scale[0]), zero=int(stored.zeroPoint[0]))
        found |= {f"{end}_scale": f"{scale.step:.9g}", f"{end}_zero": str(scale.zero)}
    return found
