"""What was downloaded: `downloads.json` beside the files, by which each is known again.

A publisher's checksum decides where there is one. Where there is none, the SHA-256 of the first
file seen is recorded, and later ones are held to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from zoo.base.errors import DownloadError
from zoo.base.files import sha256_of, write_text
from zoo.base.frozen import Frozen

SCHEMA: Final = 1
RECORD = "downloads.json"
BY_HAND = "by hand"
# Says what is wrong with a file, or None.
Complaint = Callable[[Path], str | None]


class Download(Frozen):
    """One file: the address it came from, or `by hand`."""

    source: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(ge=0)]


class DownloadRecord(Frozen):
    """The files of one folder, by name."""

    schema_version: Literal[1] = SCHEMA
    files: dict[str, Download]


def read_record(folder: Path) -> DownloadRecord:
    """An empty record where there is none; raises DownloadError when it is broken."""
    path = folder / RECORD
    if not path.is_file():
        return DownloadRecord(files={})
    try:
        return DownloadRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DownloadError(
            f"{path} is broken: {error.errors()[0]['msg']}",
            expected=f"a record of downloads of schema {SCHEMA}",
            remedy=f"rm '{path}', then the same command: the files are recorded anew",
        ) from error


def verify(
    file: Path,
    path: Path,
    source: str,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    complaint: Complaint | None = None,
    remedy: str = "",
) -> None:
    """Hold `file`, which is `path` or will become it, to what is known of it; record its hash.

    `sha256` and `md5` are the publisher's. Raises DownloadError with both hashes or with what
    `complaint` says; `remedy` is of the caller, who knows what else there is.
    """
    record = read_record(path.parent)
    for algorithm, published in (("sha256", sha256), ("md5", md5)):
        if published and (found := _digest(file, algorithm)) != published:
            raise DownloadError(
                f"{path.name} ({source}) has {algorithm} {found}",
                expected=f"{algorithm} {published}, as published",
                remedy=remedy,
            )
    if complaint and (wrong := complaint(file)):
        raise DownloadError(f"{path.name} ({source}) is not whole: {wrong}", remedy=remedy)
    new = Download(source=source, sha256=sha256_of(file), size_bytes=file.stat().st_size)
    old = record.files.get(path.name, new)
    if not (sha256 or md5) and old.sha256 != new.sha256:
        raise DownloadError(
            f"{path.name} ({source}) has sha256 {new.sha256}",
            expected=f"sha256 {old.sha256}, as recorded when it came first ({old.source})",
            remedy=f"if the new file is the right one: rm '{path.parent / RECORD}', then the same "
            "command",
        )
    if path.name not in record.files or old.sha256 != new.sha256:
        files = record.files | {path.name: new}
        write_text(path.parent / RECORD, DownloadRecord(files=files).model_dump_json(indent=1))


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
