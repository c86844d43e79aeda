"""Exports variants, as many files at once as there are cores."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

from zoo.artifact.calibration import CalibrationSource, calibration_path, read_calibration
from zoo.artifact.label import Label
from zoo.artifact.manifest import Artifact, Manifest, now, verified
from zoo.base.errors import ArtifactError, ExportFailed
from zoo.base.files import replacing, sha256_of, sha256_of_json, size_bytes
from zoo.base.provenance import commit
from zoo.checkpoint import checkpoint_path, read_record
from zoo.export.exporter import Exporters
from zoo.export.targets import Target, tool_versions
from zoo.home import Home
from zoo.registry import ARCHITECTURES
from zoo.spec import ModelSpec

NOT_YET = "not measured yet"


def is_current(
    home: Home,
    spec: ModelSpec,
    manifest: Manifest,
    target: Target,
    calibration: CalibrationSource | None = None,
) -> bool:
    """Whether the stored file is whole and came of this checkpoint, calibration, code and tools."""
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
        and artifact.io == target.io
        and artifact.calibration == (calibration if target.calibrated else None)
    )


Outcome = tuple[ModelSpec, Target, Artifact | ExportFailed]


def export(home: Home, wanted: Iterable[tuple[ModelSpec, Target]], jobs: int) -> Iterator[Outcome]:
    """Each as it is done: its artifact (not yet proved), or why there is none.

    `jobs` chains at once. A chain is a variant in one format: first what is made from the
    checkpoint, then what is made from that file.
    """
    chosen = list(wanted)
    for spec in {spec for spec, _ in chosen}:
        read_record(checkpoint_path(home, spec))
    # By format, so that few exporters change from one to another; the slowest to load comes first.
    formats = sorted({target.format for _, target in chosen}, reverse=True)
    chains = [
        (spec, chain)
        for format in formats
        for spec in dict.fromkeys(spec for spec, _ in chosen)
        if (chain := [t for s, t in chosen if s == spec and t.format == format])
    ]
    done = SimpleQueue[Outcome | BaseException]()
    pool = ThreadPoolExecutor(max_workers=jobs)
    with closing(Exporters()) as exporters:
        try:
            for spec, chain in chains:
                pool.submit(_export_chain, home, spec, chain, exporters, done)
            for _ in chosen:
                found = done.get()
                if isinstance(found, BaseException):
                    raise found
                yield found
        except BaseException:
            # Ctrl-C above all: what is being made is given up.
            exporters.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _export_chain(
    home: Home,
    spec: ModelSpec,
    chain: Iterable[Target],
    exporters: Exporters,
    done: SimpleQueue[Outcome | BaseException],
) -> None:
    failed: list[str] = []
    try:
        for target in sorted(chain, key=lambda one: one.made_from is not None):
            try:
                done.put((spec, target, _export_one(home, spec, target, exporters, failed)))
            except ExportFailed as error:
                failed.append(target.precision)
                done.put((spec, target, error))
    except BaseException as error:
        done.put(error)


# What else shapes a file, and lies outside of this folder. Other networks have parts of mnv2_unet.
OUTSIDE = (
    "mnv2_unet.py",
    "network.py",
    "preprocess.py",
    "artifact/label.py",
    "artifact/steps.py",
    "artifact/tflite_graph.py",
)


def code_sha256(spec: ModelSpec) -> str:
    """Of the sources that shape an exported file: the network and the exporters."""
    folder = Path(__file__).parent
    builder = importlib.util.find_spec(ARCHITECTURES[spec.arch].builder.partition(":")[0])
    assert builder is not None
    assert builder.origin is not None
    sources = [*folder.glob("*.py"), Path(builder.origin)]
    sources += [folder.parent / name for name in OUTSIDE]
    return sha256_of_json({path.name: sha256_of(path) for path in sources})


def _export_one(
    home: Home,
    spec: ModelSpec,
    target: Target,
    exporters: Exporters,
    failed: Collection[str],
) -> Artifact:
    checkpoint = checkpoint_path(home, spec)
    path = home.artifact(spec, target.format, target.precision)
    with replacing(path) as temporary:
        source = _source(home, spec, target, failed)
        ranges = calibration_path(home, spec) if target.calibrated else None
        calibration = None if ranges is None else read_calibration(ranges).source
        request = [source, temporary, _label(checkpoint, target), *([ranges] if ranges else [])]
        exporters.export(
            f"{spec.name}: export to {target.key}",
            target.format,
            [str(word) for word in request],
            path.parent / f"{target.key}.log",
        )
    return Artifact.model_validate(
        {
            "model": spec.name,
            "format": target.format,
            "precision": target.precision,
            "io": target.io,
            "sha256": sha256_of(path),
            "size_bytes": size_bytes(path),
            "checkpoint_sha256": sha256_of(checkpoint),
            "code_sha256": code_sha256(spec),
            "tools": tool_versions(target),
            "calibration": calibration,
            "exported_at": now(),
            "commit": commit(),
            "parity_reason": NOT_YET,
            "accuracy_reason": NOT_YET,
        }
    )


def _source(home: Home, spec: ModelSpec, target: Target, failed: Collection[str]) -> Path:
    """The checkpoint, or the file that the target is made from: not one of an earlier export.

    failed: precisions of this chain."""
    if target.made_from is None:
        return checkpoint_path(home, spec)
    source = home.artifact(spec, target.format, target.made_from)
    if target.made_from in failed or not source.exists():
        raise ExportFailed(
            f"{spec.name}: {target.key} is made from the {target.made_from} file, which failed",
            remedy=f"bench export --model {spec.name}",
        )
    return source


def _label(checkpoint: Path, target: Target) -> str:
    """What the file is to say of itself, as JSON."""
    record = read_record(checkpoint)
    return Label(
        name=record.model,
        version=importlib.metadata.version("mobile-segmentation-zoo"),
        precision=target.precision,
        io=target.io,
        checkpoint_sha256=sha256_of(checkpoint),
        data=record.split.dataset,
        target=str(record.config["target"]),
    ).model_dump_json()
