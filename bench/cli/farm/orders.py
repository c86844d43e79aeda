"""A measurement on one device of a farm as an order for the machine that it hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.cli.farm.listing import There
from bench.sessions.record import Session
from bench.sessions.store import read_files, session_path
from zoo.base.errors import RecordError
from zoo.base.files import replacing
from zoo.base.lock import PATIENCE
from zoo.catalogue import Model, folder
from zoo.checkpoint import checkpoint_path
from zoo.cluster.orders import Shared
from zoo.cluster.parcels import Parcel, packed
from zoo.home import Home
from zoo.spec import ModelSpec

# Of what runs there. A machine for phones alone needs no torch.
PACKAGES = ("numpy", "onnxruntime", "ai-edge-litert")
# What a phone on a cable runs, and what its answers are held against.
OF_PHONE = ("*.tflite", "*.json", "*.npz")
SESSIONS = "results/*/*.json"
# Where a program of the caller's own lies there.
GIVEN = "given/benchmark_model"
# Another caller may be at work on the device.
PATIENCE_S = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """words: after the interpreter, the whole measurement. program: what phones are to run, instead
    of Google's. checkpoints: whether hosts need those too. received: the sessions that came, and
    those of before that it goes on from.
    """

    home: Home
    there: There
    models: tuple[Model, ...]
    words: tuple[str, ...]
    program: Path | None = None
    checkpoints: bool = False
    received: dict[str, bytes] = field(default_factory=dict)
    packages: tuple[str, ...] = PACKAGES
    # Each session has a name of its own.
    beside_others: bool = True

    @property
    def name(self) -> str:
        return self.there.name

    @property
    def node(self) -> str:
        return self.there.machine.node

    @property
    def alone(self) -> bool:
        """Whatever runs beside a host's measurement would be timed with it. A phone runs by
        itself."""
        return self.there.device == "host"

    @property
    def folders(self) -> Sequence[Path]:
        assert self.there.info is not None
        return [self.home.device_results(self.there.info.key)]

    def shared(self) -> list[Shared]:
        phone = self.there.device != "host"
        patterns = OF_PHONE if phone else ("**/*",)
        return [
            ((model.name, patterns), partial(_files, self.home, model, patterns, self.checkpoints))
            for model in self.models
        ]

    def own(self) -> Parcel:
        """The sessions of an earlier worker; for a phone the program that it runs, as given, or
        where it was downloaded to."""
        if self.there.device == "host":
            return self.received
        if self.program is not None:
            return self.received | {GIVEN: self.program.read_bytes()}
        return self.received | packed(self.home.root, [f"{self.home.tools.name}/**/*"])

    def told(self, cores: int) -> dict[str, Any]:
        return {
            "name": self.name,
            "words": [*self.words, *self._given, *(["--resume"] if self.received else [])],
            "progress": [SESSIONS],
            "results": [],
            "folders": {},
            "environment": {PATIENCE: str(PATIENCE_S)},
            "answers": False,
            "partly": False,
        }

    @property
    def _given(self) -> list[str]:
        phone = self.there.device != "host"
        return ["--benchmark-model", GIVEN] if phone and self.program is not None else []

    def keep_progress(self, files: Parcel) -> None:
        """Each session under the name that it has here; one that is there already stays."""
        for name, content in files.items():
            path = self.home.root / self._checked(name, content)
            if not path.exists():
                with replacing(path) as temporary:
                    temporary.write_bytes(content)
            elif path.read_bytes() != content:
                raise RecordError(f"{self.name} sent another session of the name {path.name}")
            self.received[name] = content

    def keep_results(self, files: Parcel) -> None:
        """Sessions are all that there is."""

    def _checked(self, name: str, content: bytes) -> str:
        try:
            session = Session.model_validate_json(content)
        except ValidationError as error:
            raise RecordError(
                f"{self.name} sent what is no session: {error.errors()[0]['msg']}"
            ) from error
        right = session_path(self.home, session).relative_to(self.home.root).as_posix()
        of_it = (session.device.key, session.machine)
        info, key = self.there.info, self.there.machine.key
        if name != right or info is None or of_it != (info.key, key):
            raise RecordError(
                f"{self.name} sent {name}, which is not a session of it",
                expected=f"{right} of {info and info.key}, machine {key}",
            )
        return right


def earlier(home: Home, there: There, models: Sequence[Model]) -> Parcel:
    """The stored sessions of these models on that device of that machine."""
    assert there.info is not None
    names = {model.name for model in models}
    stored = home.device_results(there.info.key).glob("*.json")
    return {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for one in read_files(stored).sessions
        if one.request.model in names
        # A phone is the same on whatever computer; a host's older sessions do not say which.
        and (one.device.unit is not None or one.machine in (None, there.machine.key))
        if (path := session_path(home, one)).is_file()
    }


def _files(home: Home, model: Model, patterns: Sequence[str], checkpoint: bool) -> Parcel:
    """checkpoint: the model's too, which torch runs."""
    paths = [folder(home, model) / pattern for pattern in patterns]
    if checkpoint and isinstance(model, ModelSpec):
        paths.append(checkpoint_path(home, model))
    return packed(home.root, [path.relative_to(home.root).as_posix() for path in paths])
