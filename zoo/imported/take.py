"""Takes a model file in: looks at it, guesses, and puts it with its record under `imported/`."""

from __future__ import annotations

import shutil
from pathlib import Path

from zoo.artifact.manifest import now
from zoo.base.errors import ArtifactError
from zoo.base.files import replacing, sha256_of, size_bytes, storing
from zoo.base.lock import locked
from zoo.base.pictures import shown
from zoo.home import EXTENSIONS, Home
from zoo.imported.guess import Choices, Guessed, guess
from zoo.imported.look import RUNTIMES, look
from zoo.imported.record import Imported, check_name, record_path, write_record

FORMATS = {f".{EXTENSIONS[format]}": format for format in RUNTIMES}


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
            with storing(copy):
                shutil.copyfile(source, copy)
            original = sha256_of(copy)
            seen = look(source, copy, format, chosen.size)
            guessed = guess(seen, chosen)
            model = Imported.model_validate(
                {
                    "name": name,
                    "source": shown(source.name),
                    "source_sha256": original,
                    "imported_at": now(),
                    "format": format,
                    "precision": precision or seen.precision,
                    "sha256": sha256_of(copy),
                    "size_bytes": size_bytes(copy),
                    "input": guessed.input,
                    "output": guessed.output,
                }
            )
            write_record(temporary, model)
    return model, guessed


def _format(source: Path) -> str:
    """Raises ArtifactError for what is no file of a format that can be imported."""
    expected = f"a file that ends in {' or '.join(FORMATS)}"
    format = FORMATS.get(source.suffix)
    if source.suffix == f".{EXTENSIONS['coreml']}":
        raise ArtifactError(
            f"{shown(source)} is a Core ML package, which cannot be imported",
            expected=expected,
            remedy="bench run FILE measures its latency all the same",
        )
    if format is None:
        raise ArtifactError(f"{shown(source)} is no model file", expected=expected)
    if not source.is_file() or not source.stat().st_size:
        raise ArtifactError(
            f"{shown(source)} is no file with anything in it", remedy="check the path"
        )
    return format
