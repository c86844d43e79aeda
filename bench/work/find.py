"""Finds what is to be measured: exported files, whole and as the manifest has them, or any file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bench.sessions.record import OwnFile
from bench.work.feeding import chosen_entry, feeds_of
from bench.work.item import Work
from bench.work.subject import SUFFIXES, Subject, available
from bench.work.typed_inputs import said
from devices.base import Device
from devices.records import AS_GIVEN, RunRequest
from zoo.artifact.manifest import read_manifest, verified
from zoo.base.errors import ArtifactError, ArtifactRejected, BenchError, DeviceError, MissingStep
from zoo.base.files import sha256_of, user_home
from zoo.base.pictures import shown
from zoo.checkpoint import checkpoint_path, trained
from zoo.home import Home
from zoo.imported.record import Imported, verified_import
from zoo.runtime.declared import entries
from zoo.runtime.feeds import Feed
from zoo.runtime.members import in_one_file, members, sha256_of_model, size_of_model
from zoo.runtime.runtime import engine
from zoo.spec import ModelSpec

# Of the path of a file of one's own, how many are stored.
PARTS_OF_PATH = 3
REMEDY_NOT_FED = "--benchmark-model PATH of the interpreter's (docs/android.md), or --device host"


def find(home: Home, device: Device, subject: Subject) -> Work:
    """The work that measures a subject.

    Raises MissingStep, naming the command that makes it, where an artifact is missing, and
    DeviceError where the device has no such runtime or the runtime does not open such files.
    """
    available(device, subject.runtime)
    if isinstance(subject.what, Path):
        return _file(home, device, subject.what, subject)
    if isinstance(subject.what, Imported):
        return _import(home, device, subject.what, subject)
    return variant(home, subject.what, subject)


def find_all(
    home: Home,
    device: Device,
    subjects: Iterable[Subject],
    without: tuple[type[BenchError], ...],
) -> tuple[list[Work], list[BenchError]]:
    """The works of these, and why some are left out: for an error of these kinds. Raises the first
    of them where nothing is found."""
    found, left_out = list[Work](), list[BenchError]()
    for subject in subjects:
        try:
            found.append(find(home, device, subject))
        except without as error:
            left_out.append(error)
    if left_out and not found:
        raise left_out[0]
    return found, left_out


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
    home = user_home()
    top = home if home and whole.is_relative_to(home) else Path(whole.anchor)
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
            raise MissingStep(f"{path} does not exist", remedy=trained(path))
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
                remedy=f"bench explain {shown(path)}; run and compare take it by --force",
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
