"""The one tree of exceptions.

    BenchError
    ├── InvalidName           a model, recipe, device or format name that means nothing here
    │   ├── UnknownName       well formed, not registered; carries the nearest names
    │   └── InvalidSize       an input size the architecture cannot take
    ├── FileError             a file or folder that is missing, broken or not what it claims
    │   ├── DataError         images, masks, archives, split lists
    │   ├── DownloadError     a file that cannot be fetched, or is not the one it should be
    │   ├── RecipeError       a recipe YAML
    │   ├── WeightsError      checkpoints and pretrained encoders
    │   ├── ArtifactError     exported files and their manifest
    │   │   └── ArtifactRejected  one that segments worse than its network by more than is allowed
    │   └── RecordError       stored sessions
    ├── StorageError          a disk that is full, read-only, or refuses
    ├── FolderBusy            another command is at work on the same folder, or times the same thing
    ├── ExportFailed          an exporter ended without its file
    ├── ClusterError          the engine for several machines is missing or refuses
    ├── DeviceError           a device or runtime that is absent or refuses
    │   └── SessionFailed     a measurement that began and did not end well
    └── MissingStep           a step of the chain was asked for before the one it needs

Every error says what was seen, what was expected, and the next command to type.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def first_line(error: Exception) -> str:
    """What an error of another library says first, after its kind."""
    first, *_ = [*filter(None, map(str.strip, str(error).splitlines())), "no message"]
    return f"{type(error).__name__}: {first}"


class BenchError(Exception):
    """Base of every error a user can cause or meet.

    seen: what is wrong, naming the file, key or value. expected: what would have been right.
    remedy: what to type or change next.
    """

    def __init__(self, seen: str, *, expected: str = "", remedy: str = "") -> None:
        self.seen, self.expected, self.remedy = seen, expected, remedy
        super().__init__(seen)

    def __str__(self) -> str:
        lines = [self.seen]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.remedy:
            lines.append(f"  next:     {self.remedy}")
        return "\n".join(lines)


class InvalidName(BenchError):
    """A name that cannot be parsed."""


class UnknownName(InvalidName):
    """A well-formed name that is not registered."""

    @classmethod
    def of(
        cls, kind: str, name: str, known: Iterable[str], remedy: str, note: str = ""
    ) -> UnknownName:
        """An error for `name` that lists the nearest of the `known` names."""
        choices = list(known)
        near = difflib.get_close_matches(name, choices, n=3, cutoff=0.4) or choices[:3]
        expected = f"one of the known ones, nearest: {', '.join(near)}" if near else "none is known"
        return cls(f"unknown {kind} {name!r}{note}", expected=expected, remedy=remedy)


class InvalidSize(InvalidName):
    """An input size the architecture cannot take; names the nearest valid ones."""


class FileError(BenchError):
    """A file or folder that is missing, broken, or not what it claims to be."""


class DataError(FileError):
    """Images, masks, archives or split lists that cannot be used."""


class DownloadError(FileError):
    """A file that cannot be fetched, or that is not the one it should be."""


class RecipeError(FileError):
    """A recipe with unknown keys, wrong types or impossible values."""


class WeightsError(FileError):
    """A checkpoint or pretrained encoder that is missing, edited, or of another network."""


class ArtifactError(FileError):
    """An exported file that is missing, edited, or does not match its manifest."""


class ArtifactRejected(ArtifactError):
    """An exported file that is not to be used, unless forced."""


class RecordError(FileError):
    """A stored session that is broken or of an unknown schema version."""


class StorageError(BenchError):
    """A disk that is full, read-only, or refuses to be written to."""


class FolderBusy(BenchError):
    """Another command is at work on the same folder, or measures the same machine or phone."""


class ExportFailed(BenchError):
    """An exporter raised, died by a signal, or wrote nothing."""


class ClusterError(BenchError):
    """The engine for several machines is missing or refuses."""


class DeviceError(BenchError):
    """A device or runtime that is absent or refuses the work. `code` names the kind of problem, for
    scripts; docs/android.md lists them."""

    def __init__(
        self, seen: str, *, expected: str = "", remedy: str = "", code: str | None = None
    ) -> None:
        self.code = code
        super().__init__(seen, expected=expected, remedy=remedy)


class SessionFailed(DeviceError):
    """A measurement that began and did not end well; `stage` says where, `reason` why. log: the end
    of what the program on the device printed."""

    def __init__(
        self,
        stage: str,
        seen: str,
        *,
        expected: str = "",
        remedy: str = "",
        code: str | None = None,
        log: str | None = None,
    ) -> None:
        self.stage, self.reason, self.log = stage, seen, log
        super().__init__(f"{stage}: {seen}", expected=expected, remedy=remedy, code=code)


class PassBroken(SessionFailed):
    """The process that several files shared has ended, by the fault of another one of them."""


class MissingExtra(BenchError):
    """A library is missing that only an extra of this package installs."""


class MissingStep(BenchError):
    """A step of the chain was asked for before the one it needs."""
