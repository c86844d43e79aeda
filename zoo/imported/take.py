"""Takes a model file in: looks at it, guesses, and puts it with its record under `imported/`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from zoo.artifact.manifest import now
from zoo.base.errors import ArtifactError
from zoo.base.files import replacing, sha256_of, size_bytes, storing
from zoo.base.lock import locked
from zoo.base.pictures import shown
from zoo.home import EXTENSIONS, Home
from zoo.imported.choices import Choices
from zoo.imported.guess import Guessed, guess
from zoo.imported.look import RUNTIMES, look
from zoo.imported.record import Imported, check_name, record_path, write_record
from zoo.registry import ARCHITECTURES

FORMATS = {f".{EXTENSIONS[format]}": format for format in RUNTIMES}
LONGEST_NAME = 64


def take(
    home: Home, source: Path, name: str, chosen: Choices, precision: str | None, force: bool
) -> tuple[Imported, Guessed]:
    """Copy the file, and write its record. precision: where it is not as its weights say. force:
    whether one of that name, with what it scored, is replaced.

    Raises InvalidName, DeviceError, and ArtifactError for a file that is none, does not run, or
    takes and gives no pictures.
    """
    check_name(name)
    format = _format(source)
    folder = home.imported_folder(name)
    with locked(folder):
        if record_path(home, name).exists() and not force:
            raise ArtifactError(
                f"{name} is imported already", remedy="--force to replace it, or another --name"
            )
        with replacing(folder) as temporary:
            temporary.mkdir()
            copy = temporary / home.imported_file(name, format).name
            original = _copied(source, copy)
            seen = look(source, copy, format, chosen.size)
            guessed, sha256 = guess(seen, chosen), sha256_of(copy)
            model = Imported.model_validate(
                {
                    "name": name,
                    "source": shown(source.name),
                    "source_sha256": original or sha256,
                    "imported_at": now(),
                    "format": format,
                    "precision": precision or seen.precision,
                    "sha256": sha256,
                    "size_bytes": size_bytes(copy),
                    "input": guessed.input,
                    "output": guessed.output,
                }
            )
            write_record(temporary, model)
    return model, guessed


def name_for(source: Path) -> str:
    """A name that the file may be imported under, after its own."""
    words = re.findall(r"[a-z0-9]+", source.stem.lower())
    if not words or words[0] in {arch.partition("_")[0] for arch in ARCHITECTURES}:
        words.insert(0, "their")
    return "_".join(words)[:LONGEST_NAME]


def _copied(source: Path, copy: Path) -> str | None:
    """The hash of the copy as it is; None of a package, whose own files only a look at it tells."""
    if source.is_dir():
        return None
    try:
        content = source.open("rb")
    except OSError as error:
        raise ArtifactError(
            f"{shown(source)} cannot be read: {error.strerror}", remedy="check who may read it"
        ) from error
    with content, storing(copy), copy.open("wb") as target:
        shutil.copyfileobj(content, target)
    return sha256_of(copy)


def _format(source: Path) -> str:
    """Raises ArtifactError for what is no file of a format that can be imported."""
    *some, last = FORMATS
    expected = f"a file that ends in {', '.join(some)} or {last}"
    format = FORMATS.get(source.suffix)
    if format is None:
        raise ArtifactError(f"{shown(source)} is no model file", expected=expected)
    package = format == "coreml"
    if not (source.is_dir() if package else source.is_file() and source.stat().st_size):
        what = "folder" if package else "file"
        raise ArtifactError(
            f"{shown(source)} is no {what} with anything in it", remedy="check the path"
        )
    return format
