"""Exports a variant: a child process a file, as many at once as there are cores."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from zoo.checkpoint import checkpoint_path, read_record
from zoo.children import ending, last_line, lifeline
from zoo.errors import ArtifactError, ExportFailed, UnknownName
from zoo.files import Home, replacing, sha256_of, sha256_of_json, size_bytes
from zoo.manifest import Artifact, Manifest, now, verified
from zoo.provenance import commit
from zoo.registry import ARCHITECTURES
from zoo.spec import ModelSpec

TIMEOUT_S = 900
NOT_YET = "not measured yet"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A format in a precision, and the distributions whose versions shape its bytes."""

    format: str
    precision: str
    tools: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.format}.{self.precision}"


_ONNX = ("torch", "onnx", "onnxscript")
_TFLITE = ("torch", "litert-torch", "litert-converter")
_COREML = ("torch", "coremltools")
TARGETS = (
    Target(format="onnx", precision="fp32", tools=_ONNX),
    Target(format="tflite", precision="fp32", tools=_TFLITE),
    Target(format="coreml", precision="fp32", tools=_COREML),
    Target(format="coreml", precision="fp16", tools=_COREML),
)


def targets(formats: Iterable[str]) -> list[Target]:
    """The targets of these formats, all of them where none is named."""
    wanted = list(formats)
    known = sorted({target.format for target in TARGETS})
    for format in wanted:
        if format not in known:
            raise UnknownName.of("format", format, known, "bench export --help")
    return [target for target in TARGETS if not wanted or target.format in wanted]


def is_current(home: Home, spec: ModelSpec, manifest: Manifest, target: Target) -> bool:
    """Whether the stored file is whole and came from this checkpoint, code and tools."""
    artifact = manifest.artifacts.get(target.key)
    if artifact is None:
        return False
    try:
        verified(home, spec, artifact)
    except ArtifactError:
        return False
    return (
        artifact.checkpoint_sha256 == sha256_of(checkpoint_path(home, spec))
        and artifact.code_sha256 == code_sha256(spec)
        and artifact.tools == tool_versions(target)
    )


def export(
    home: Home, spec: ModelSpec, wanted: Iterable[Target], jobs: int
) -> Iterator[tuple[Target, Artifact | ExportFailed]]:
    """Each target as it is done: its artifact (not yet proved), or why there is none."""
    read_record(checkpoint_path(home, spec))
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running = {pool.submit(_export_one, home, spec, target): target for target in wanted}
        for future in as_completed(running):
            error = future.exception()
            if error is not None and not isinstance(error, ExportFailed):
                raise error
            yield running[future], error if error is not None else future.result()


def tool_versions(target: Target) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in target.tools}


def code_sha256(spec: ModelSpec) -> str:
    """Of the sources that shape an exported file: the network and the exporters."""
    folder = Path(__file__).parent
    builder = importlib.util.find_spec(ARCHITECTURES[spec.arch].builder.partition(":")[0])
    assert builder is not None
    assert builder.origin is not None
    sources = [*folder.glob("*.py"), Path(builder.origin)]
    sources += [folder.parent / name for name in ("network.py", "preprocess.py")]
    return sha256_of_json({path.name: sha256_of(path) for path in sources})


def _export_one(home: Home, spec: ModelSpec, target: Target) -> Artifact:
    checkpoint = checkpoint_path(home, spec)
    path = home.artifact(spec, target.format, target.precision)
    with replacing(path) as temporary:
        _run_child(spec, target, checkpoint, temporary)
    return Artifact.model_validate(
        {
            "model": spec.name,
            "format": target.format,
            "precision": target.precision,
            "sha256": sha256_of(path),
            "size_bytes": size_bytes(path),
            "checkpoint_sha256": sha256_of(checkpoint),
            "code_sha256": code_sha256(spec),
            "tools": tool_versions(target),
            "exported_at": now(),
            "commit": commit(),
            "parity_reason": NOT_YET,
            "accuracy_reason": NOT_YET,
        }
    )


def _run_child(spec: ModelSpec, target: Target, checkpoint: Path, output: Path) -> None:
    # -P: the working folder may hold a folder named like one of ours.
    command = [sys.executable, "-P", "-m", "zoo.export", target.format, target.precision]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2"}
    label = f"{spec.name}: export to {target.key}"
    try:
        with lifeline() as end:
            done = subprocess.run(
                [*command, str(checkpoint), str(output)],
                stdin=end,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                env=environment,
            )
    except subprocess.TimeoutExpired as error:
        raise ExportFailed(f"{label} did not end in {TIMEOUT_S} s") from error
    if done.returncode == 0 and output.exists():
        return
    how = ending(done.returncode) if done.returncode else "wrote nothing"
    raise ExportFailed(
        f"{label} {how}: {last_line(done.stdout.splitlines())}",
        remedy=f"{' '.join(command)} {checkpoint} /tmp/out shows the whole log",
    )
