"""Finds what is to be measured: exported files, whole and as the manifest has them, or any file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.sessions.record import SCHEMA, Plan, Session
from bench.work_item import DENORMAL_WEIGHTS, Work
from devices.base import AS_GIVEN, Device, Origin, Reading, RunRequest
from zoo.artifact.denormals import denormal_weights
from zoo.artifact.manifest import read_manifest, verified
from zoo.base.errors import ArtifactError, ArtifactRejected, DeviceError, MissingStep, UnknownName
from zoo.base.files import sha256_of, size_bytes
from zoo.base.pictures import shown
from zoo.catalogue import Model, get
from zoo.checkpoint import checkpoint_path
from zoo.home import EXTENSIONS, Home
from zoo.imported.record import Imported, verified_import
from zoo.runtime.runtime import RUNTIMES, engine
from zoo.spec import ModelSpec

# By the end of a file's name: what it is.
SUFFIXES = {f".{extension}": format for format, extension in EXTENSIONS.items()}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A variant of the zoo, an imported model or a file of one's own, and how it is to be run;
    forced: even if its file is rejected."""

    what: Model | Path
    runtime: str
    precision: str = "fp32"
    threads: int = 1
    forced: bool = False

    @property
    def origin(self) -> Origin:
        if isinstance(self.what, ModelSpec):
            return "zoo"
        return "file" if isinstance(self.what, Path) else "imported"


def subject_of(home: Home, text: str) -> Model | Path:
    """What a user typed: the path of a model file, or the name of a model.

    Raises UnknownName, ArtifactError."""
    path = Path(text)
    if path.suffix in SUFFIXES:
        if not path.exists():
            raise ArtifactError(f"{shown(path)} does not exist", remedy="check the path")
        return path
    try:
        return get(home, text)
    except UnknownName:
        if not path.exists():
            raise
        expected = f"a name ending in {', '.join(SUFFIXES)}"
        raise ArtifactError(f"{shown(path)} is no model file", expected=expected) from None


def find(home: Home, device: Device, subject: Subject) -> Work:
    """The work that measures a subject.

    Raises MissingStep, naming the command that makes it, where an artifact is missing, and
    DeviceError where the device has no such runtime or the runtime does not open such files.
    """
    _available(device, subject.runtime)
    if isinstance(subject.what, Path):
        return _file(subject.what, subject)
    if isinstance(subject.what, Imported):
        return _import(home, subject.what, subject)
    return _variant(home, subject.what, subject)


def precisions_of(what: Model | Path, wanted: Sequence[str]) -> Sequence[str]:
    """Those wanted of a variant; of what is one file, its own."""
    if isinstance(what, ModelSpec):
        return wanted
    return (AS_GIVEN,) if isinstance(what, Path) else (what.precision,)


def runtimes_for(device: Device, what: Model | Path, wanted: Sequence[str]) -> list[str]:
    """The runtimes that can open it: of those wanted, else of the device's defaults.

    Raises DeviceError where a file has none."""
    for name in wanted:
        _available(device, name)
    available = [name for name, why in device.runtimes().items() if why is None]
    # An accelerator is asked for by its name.
    usual = device.default_runtimes or [
        name for name in available if name in RUNTIMES and RUNTIMES[name].default
    ]
    names = list(wanted or usual)
    if isinstance(what, ModelSpec):
        return names
    format = SUFFIXES[what.suffix] if isinstance(what, Path) else what.format
    if not wanted and device.default_runtimes:
        names = [*names, *(name for name in available if name in RUNTIMES and name not in names)]
    fitting = [name for name in names if engine(name).format == format]
    if not fitting:
        named = shown(what) if isinstance(what, Path) else what.name
        raise DeviceError(
            f"{', '.join(names)} cannot open {named}",
            expected=f"one of {', '.join(n for n, r in RUNTIMES.items() if r.format == format)}",
            remedy="bench devices",
        )
    return fitting


def beside_references(work: Sequence[Work], reference: str | None) -> list[Work]:
    """Each work with the reference of its runtime and precision: the named model's, else the
    lightest one's.

    Raises UnknownName where the named one is not among the work. Alone in its runtime and
    precision, a work has no reference.
    """
    groups: dict[tuple[str, str, int], list[Work]] = defaultdict(list)
    for one in work:
        groups[one.request.runtime, one.request.precision, one.request.threads].append(one)
    found = []
    for group in groups.values():
        named = {one.request.model: one for one in group}
        if reference is not None and reference not in named:
            raise UnknownName.of("reference", reference, named, "name it with --model as well")
        chosen = named[reference] if reference else min(group, key=_weight)
        found += [one if one is chosen else replace(one, reference=chosen.request) for one in group]
    return found


def looked_at(work: Sequence[Work]) -> list[Work]:
    """With what can be told of each file's weights without running it."""
    found = denormal_weights([(one.artifact, one.request.format) for one in work])
    return [
        replace(one, readings={DENORMAL_WEIGHTS: _reading(count)})
        for one, count in zip(work, found, strict=True)
    ]


def _reading(found: int | str) -> Reading:
    return Reading(value=found) if isinstance(found, int) else Reading(value=None, reason=found)


def alike(sessions: Iterable[Session], device: Device, plan: Plan) -> list[Session]:
    """The stored sessions that a run by this plan may go on from: same device, loop, versions."""
    info = device.info()
    return [
        s
        for s in sessions
        if s.run is not None
        and s.schema_version == SCHEMA
        and s.device == info
        and (s.plan.loop == plan.loop or s.plan.loop.mode == "memory")
        and s.run.runtime_version == device.runtime_version(s.request.runtime)
    ]


def _weight(work: Work) -> tuple[float, str]:
    """Roughly as the time it takes: by the input's area, and the size of the file."""
    return ((work.request.size or 224) ** 2 * size_bytes(work.artifact), work.request.model)


def _available(device: Device, runtime: str) -> None:
    available = device.runtimes()
    reason = available.get(runtime, "this device has no such runtime")
    if reason is not None:
        raise DeviceError(
            f"{runtime}: {reason}",
            expected=f"one of {', '.join(n for n, why in available.items() if why is None)}",
            remedy=RUNTIMES[runtime].remedy if runtime in RUNTIMES else "bench devices",
        )


def _file(path: Path, subject: Subject) -> Work:
    request = RunRequest(
        model=shown(path.name),
        size=None,
        format=SUFFIXES[path.suffix],
        precision=AS_GIVEN,
        artifact_sha256=sha256_of(path),
        runtime=subject.runtime,
        threads=subject.threads,
    )
    return Work(request=request, artifact=path)


def _import(home: Home, model: Imported, subject: Subject) -> Work:
    path = verified_import(home, model)
    request = RunRequest(
        model=model.name,
        size=None,
        format=model.format,
        precision=model.precision,
        artifact_sha256=model.sha256,
        runtime=subject.runtime,
        threads=subject.threads,
    )
    return Work(request=request, artifact=path)


def _variant(home: Home, spec: ModelSpec, subject: Subject) -> Work:
    format = engine(subject.runtime).format
    if format == "torch":
        path = checkpoint_path(home, spec)
        if not path.is_file():
            raise MissingStep(f"{path} does not exist", remedy=f"bench train --model {spec.name}")
        sha256 = sha256_of(path)
    else:
        artifact = read_manifest(home, spec).artifacts.get(f"{format}.{subject.precision}")
        if artifact is None:
            raise MissingStep(
                f"{spec.name} has no {subject.precision} {format} file",
                expected=str(home.artifact(spec, format, subject.precision)),
                remedy=f"bench export --model {spec.name}",
            )
        path = verified(home, spec, artifact)
        if artifact.rejected and not subject.forced:
            raise ArtifactRejected(
                f"{spec.name}: the {subject.precision} {format} file is rejected: "
                f"{artifact.rejected}",
                expected="a file that segments as its network does",
                remedy=f"bench explain {shown(path)}; --force takes it all the same",
            )
        sha256 = artifact.sha256
    request = RunRequest(
        model=spec.name,
        size=spec.size,
        format=format,
        precision=subject.precision,
        artifact_sha256=sha256,
        runtime=subject.runtime,
        threads=subject.threads,
    )
    return Work(request=request, artifact=path)
