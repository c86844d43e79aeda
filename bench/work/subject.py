"""What a user named: a variant, an imported model or a file, and the runtimes that can open it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devices.base import Device
from devices.records import AS_GIVEN, Origin
from zoo.base.errors import ArtifactError, DeviceError, UnknownName
from zoo.base.pictures import shown
from zoo.catalogue import Model, get
from zoo.home import EXTENSIONS, Home
from zoo.imported.record import Imported
from zoo.runtime.runtime import RUNTIMES, default_for, engine
from zoo.spec import ModelSpec

# By the end of a file's name: what it is.
SUFFIXES = {f".{extension}": format for format, extension in EXTENSIONS.items()}


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


def precisions_of(what: Model | Path, wanted: Sequence[str]) -> Sequence[str]:
    """Those wanted of a variant; of what is one file, its own."""
    if isinstance(what, ModelSpec):
        return wanted
    return (AS_GIVEN,) if isinstance(what, Path) else (what.precision,)


def runtimes_for(device: Device, what: Model | Path, wanted: Sequence[str]) -> list[str]:
    """The runtimes that can open it: of those wanted, else of the device's defaults.

    Raises DeviceError where a file has none."""
    for name in wanted:
        available(device, name)
    usable = [name for name, why in device.runtimes().items() if why is None]
    # An accelerator is asked for by its name.
    usual = device.default_runtimes or [
        name for name in usable if name in RUNTIMES and RUNTIMES[name].default
    ]
    names = list(wanted or usual)
    if isinstance(what, ModelSpec):
        return names
    format = SUFFIXES[what.suffix] if isinstance(what, Path) else what.format
    if not wanted and device.default_runtimes:
        names = [*names, *(name for name in usable if name in RUNTIMES and name not in names)]
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


def available(device: Device, runtime: str) -> None:
    """Raise DeviceError where the device has no such runtime, or not now."""
    known = device.runtimes()
    reason = known.get(runtime, "this device has no such runtime")
    if reason is not None:
        raise DeviceError(
            f"{runtime}: {reason}",
            expected=f"one of {', '.join(n for n, why in known.items() if why is None)}",
            remedy=RUNTIMES[runtime].remedy if runtime in RUNTIMES else "bench devices",
        )
