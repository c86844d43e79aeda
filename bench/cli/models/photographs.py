"""Which photographs are meant, and where what is made of them goes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.cli.options import PICTURES
from zoo.base.errors import DataError, FileError
from zoo.base.pictures import shown
from zoo.home import Home
from zoo.imported.record import imported_names
from zoo.registry import all_specs

# Pictures that PIL alone may not know, so that they are met with a word and not passed over.
_OTHERS = frozenset({".heic", ".heif", ".avif"})


@dataclass(frozen=True, kw_only=True)
class Task:
    """A photograph, the tinted picture that is made of it, and its mask; None where no mask is."""

    photograph: Path
    tinted: Path
    mask: Path | None

    @property
    def made(self) -> tuple[Path, ...]:
        return (self.tinted, self.mask) if self.mask else (self.tinted,)


def tasks(
    home: Home,
    given: Sequence[Path],
    model: str,
    output: Path | None,
    with_mask: bool,
    force: bool,
) -> list[Task]:
    """What is to be made of files and folders. output: a file, or a folder for several. home: whose
    models' earlier results are no photographs.

    Raises FileError, before anything is made, for an ending that cannot be written and for what
    would be replaced; a photograph always is kept.
    """
    names = {model, *imported_names(home), *(spec.name for spec in all_specs())}
    photographs = _photographs(given, names)
    several = len(given) > 1 or _is_folder(given[0])
    found = [
        Task(photograph=one, tinted=tinted, mask=_mask_of(tinted) if with_mask else None)
        for one in photographs
        for tinted in [_tinted(one, model, output, several)]
    ]
    _refuse_collisions(found)
    for task in found:
        for path in task.made:
            if os.path.lexists(path) and not force:
                remedy = "--force to replace it, or --output with another name"
                raise FileError(f"{shown(path)} exists", remedy=remedy)
    return found


def format_of(path: Path) -> str:
    """In which format a picture of this name is written; raises FileError."""
    try:
        return PICTURES[path.suffix.lower()]
    except KeyError:
        ending = f"no picture is written as {path.suffix}" if path.suffix else "it has no ending"
        raise FileError(
            f"{shown(path)}: {shown(ending)}",
            expected=f"a name ending in {', '.join(PICTURES)}",
            remedy=f"--output {shown(path.with_suffix('.png'))}",
        ) from None


def _photographs(given: Sequence[Path], names: Collection[str]) -> list[Path]:
    """Each once; of a folder those that lie in it."""
    found: dict[Path, Path] = {}
    for path in given:
        for one in _in(path, names) if _is_folder(path) else [path]:
            found.setdefault(_real(one), one)
    return list(found.values())


def _in(folder: Path, names: Collection[str]) -> list[Path]:
    """By their endings; without hidden files, and without what this command made of them by the
    models of these names."""
    endings = {*Image.registered_extensions(), *_OTHERS}
    made = tuple(f".{name}{end}" for name in names for end in (".png", ".mask.png"))
    try:
        members = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{shown(folder)}: {error.strerror}") from error
    found = [
        path
        for path in members
        if path.suffix.lower() in endings
        and not path.name.startswith(".")
        and not path.name.endswith(made)
    ]
    if not found:
        raise DataError(
            f"{shown(folder)}: a folder in which no photographs lie",
            expected="files such as photo.jpg or photo.png",
            remedy="name the folder that holds them; folders in it are not looked into",
        )
    return found


def _tinted(photograph: Path, model: str, output: Path | None, several: bool) -> Path:
    name = f"{photograph.name}.{model}.png"
    if output is None:
        return photograph.with_name(name)
    if _is_folder(output):
        return output / name
    if not several:
        format_of(output)
        return output
    if os.path.lexists(output) or output.suffix.lower() in PICTURES:
        raise FileError(
            f"{shown(output)} is one file, for several photographs",
            expected="a folder",
            remedy=f"--output {shown(output.with_suffix(''))}",
        )
    return output / name


def _mask_of(tinted: Path) -> Path:
    """Always PNG: JPEG would blur its edge. Widths hold a dot: the name alone loses its ending."""
    return tinted.with_name(f"{tinted.name.removesuffix(tinted.suffix)}.mask.png")


def _refuse_collisions(found: Sequence[Task]) -> None:
    counts = Counter(_real(path) for task in found for path in task.made)
    for path in _twice(counts):
        raise FileError(
            f"{shown(path)} would be made of two photographs",
            remedy="name them in two commands, each with an --output of its own",
        )
    photographs = {_real(task.photograph) for task in found}
    for path in counts:
        if path in photographs:
            raise FileError(
                f"{shown(path)} is a photograph, and would be replaced",
                remedy="--output with another name",
            )


def _is_folder(path: Path) -> bool:
    """False where that cannot be told: reading it then says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _real(path: Path) -> Path:
    """Without an error where links lead in a circle, or a name is too long."""
    return Path(os.path.realpath(path))


def _twice(counts: Counter[Path]) -> Iterator[Path]:
    return (path for path, count in counts.items() if count > 1)
