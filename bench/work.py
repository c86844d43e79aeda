"""Finds what is to be measured: exported files, whole and as the manifest has them, or any file."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.feeding import chosen_entry, feeds_of
from bench.naming import told_apart
from bench.sessions.record import ALIKE, OwnFile, Plan, Session
from bench.typed_inputs import said
from bench.work_item import DENORMAL_WEIGHTS, Work
from devices.base import AS_GIVEN, Device, Origin, Reading, RunRequest
from zoo.artifact.denormals import denormal_weights
from zoo.artifact.manifest import read_manifest, verified
from zoo.base.errors import ArtifactError, ArtifactRejected, DeviceError, MissingStep, UnknownName
from zoo.base.files import sha256_of
from zoo.base.pictures import shown
from zoo.catalogue import Model, get
from zoo.checkpoint import checkpoint_path
from zoo.home import EXTENSIONS, Home
from zoo.imported.record import Imported, verified_import
from zoo.runtime.declared import entries
from zoo.runtime.feeds import Feed
from zoo.runtime.members import in_one_file, members, sha256_of_model, size_of_model
from zoo.runtime.runtime import RUNTIMES, default_for, engine
from zoo.spec import ModelSpec

# By the end of a file's name: what it is.
SUFFIXES = {f".{extension}": format for format, extension in EXTENSIONS.items()}
# Of the path of a file of one's own, how many are stored.
PARTS_OF_PATH = 3
REMEDY_NOT_FED = "--benchmark-model PATH of the interpreter's (docs/android.md), or --device host"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A variant of the zoo, an imported model or a file of one's own, and how it is to be run;
    forced: even if its file is rejected. inputs, signature: what the user said of a file's, as
    `--input` has them."""

    what: Model | Path
    runtime: str
    precision: str = "fp32"
    threads: int = 1
    forced: bool = False
    inputs: tuple[str, ...] = ()
    signature: str | None = None

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
        return _file(home, device, subject.what, subject)
    if isinstance(subject.what, Imported):
        return _import(home, device, subject.what, subject)
    return variant(home, subject.what, subject)


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
        raise _unopened(device, what, format, names, asked=bool(wanted))
    return fitting


def _unopened(
    device: Device, what: Imported | Path, format: str, names: Sequence[str], asked: bool
) -> DeviceError:
    named = shown(what) if isinstance(what, Path) else what.name
    usual = default_for(format)
    reason = device.runtimes().get(usual)
    if reason is not None and not asked:
        return DeviceError(
            f"{usual}: {reason}; {named} is not timed here",
            expected=f"a device that has {usual}",
            remedy=f"bench eval {shlex.quote(named)} tells its IoU",
        )
    fitting = [n for n, known in RUNTIMES.items() if known.format == format and known.timed]
    return DeviceError(
        f"{', '.join(names)} cannot open {named}",
        expected=f"one of {', '.join(fitting)}",
        remedy="bench devices",
    )


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
        named = {one.name: one for one in group}
        if reference is not None and reference not in named:
            raise UnknownName.of("reference", reference, named, "name it with --model as well")
        chosen = named[reference] if reference else min(group, key=_weight)
        found += [one if one is chosen else replace(one, reference=chosen.request) for one in group]
    return found


def named(work: Sequence[Work], inputs: Sequence[str] = ()) -> list[Work]:
    """Each once, with a name that tells it from the others. inputs: what the user said of inputs;
    raises UnknownName where none of the files has an input of that name."""
    known = {feed.name for one in work for feed in one.request.inputs}
    for name in said(inputs):
        if name not in known:
            remedy = "--input NAME=WHAT, of a FILE's input"
            raise UnknownName.of("input", name, sorted(known), remedy)
    names = told_apart({one.request: one.own.path if one.own else None for one in work})
    once = {one.request: one for one in reversed(work)}
    return [replace(one, called=names[one.request]) for one in work if once[one.request] is one]


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
        and s.schema_version in ALIKE
        and s.device == info
        and (s.plan.loop == plan.loop or s.plan.loop.mode == "memory")
        and s.run.runtime_version == device.runtime_version(s.request.runtime)
    ]


def _weight(work: Work) -> tuple[float, str]:
    """Roughly as the time it takes: by the input's area, and the size of the file."""
    return ((work.request.size or 224) ** 2 * work.size_bytes, work.request.model)


def _available(device: Device, runtime: str) -> None:
    available = device.runtimes()
    reason = available.get(runtime, "this device has no such runtime")
    if reason is not None:
        raise DeviceError(
            f"{runtime}: {reason}",
            expected=f"one of {', '.join(n for n, why in available.items() if why is None)}",
            remedy=RUNTIMES[runtime].remedy if runtime in RUNTIMES else "bench devices",
        )


def _file(home: Home, device: Device, path: Path, subject: Subject) -> Work:
    if device.one_file and len(members(path)) > 1:
        raise ArtifactError(
            f"{shown(path)} keeps weights in other files, and {device.info().kind} takes one file",
            expected="a model in one file",
            remedy=in_one_file(path),
        )
    request = RunRequest(
        model=shown(path.name),
        size=None,
        format=SUFFIXES[path.suffix],
        precision=AS_GIVEN,
        artifact_sha256=sha256_of_model(path),
        runtime=subject.runtime,
        threads=subject.threads,
        inputs=_feeds(home, device, path, subject),
        signature=subject.signature,
    )
    own = OwnFile(path=end_of_path(path), size_bytes=size_of_model(path))
    return Work(request=request, artifact=path, own=own)


def _feeds(home: Home, device: Device, path: Path, subject: Subject) -> tuple[Feed, ...]:
    """All that the file is fed. Raises ArtifactError, UnknownName for what has to be asked, and
    DeviceError where the device cannot be told what was said."""
    ways, given = entries(path), said(subject.inputs)
    if ways is None:
        if given or subject.signature:
            raise ArtifactError(
                f"{shown(path)} does not tell its inputs",
                expected="a whole .onnx or .tflite file, where something is said of inputs",
                remedy="leave --input and --signature out",
            )
        return ()
    if None not in ways and not device.signatures:
        raise DeviceError(
            f"{shown(path)} has several signatures, and {device.info().kind} runs the first alone",
            expected="a file of one signature",
            remedy="--device host --signature NAME measures it here",
        )
    slots = chosen_entry(path, ways, subject.signature, given)
    reason = device.why_not_fed()
    if reason is None:
        return feeds_of(path, slots, given, home.inputs, subject.signature)
    try:
        feeds = feeds_of(path, slots, {}, home.inputs)
    except ArtifactError as error:
        raise DeviceError(f"{error.seen}; {reason}", remedy=REMEDY_NOT_FED) from error
    told = [slot.name for slot in slots if slot.name in given]
    if told:
        raise DeviceError(f"{', '.join(map(shown, told))}: {reason}", remedy=REMEDY_NOT_FED)
    return tuple(replace(one, values="program", low=None, high=None) for one in feeds)


def end_of_path(path: Path) -> str:
    """Enough of it to tell it from others, and no more: sessions are shown to others."""
    whole = path.absolute()
    top = Path.home() if whole.is_relative_to(Path.home()) else Path(whole.anchor)
    return shown("/".join(whole.relative_to(top).parts[-PARTS_OF_PATH:]))


def _import(home: Home, device: Device, model: Imported, subject: Subject) -> Work:
    path, fed = verified_import(home, model), model.input.noise
    if device.why_not_fed() is not None:
        fed = replace(fed, values="program", low=None, high=None)
    request = RunRequest(
        model=model.name,
        size=None,
        format=model.format,
        precision=model.precision,
        artifact_sha256=model.sha256,
        runtime=subject.runtime,
        threads=subject.threads,
        inputs=(fed,),
    )
    return Work(request=request, artifact=path)


def variant(home: Home, spec: ModelSpec, subject: Subject) -> Work:
    """The file of a variant, whatever device is to run it; raises MissingStep, ArtifactRejected."""
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
