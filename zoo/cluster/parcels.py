"""Files that go from machine to machine as bytes, and how a parcel is told from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

# The content of files by their names, relative to a home.
Parcel = dict[str, bytes]


def digest(parcel: Mapping[str, bytes]) -> str:
    """SHA-256 of the names and contents."""
    found = hashlib.sha256()
    for name in sorted(parcel):
        found.update(f"{name}\0{len(parcel[name])}\0".encode())
        found.update(parcel[name])
    return found.hexdigest()


def matching(root: Path, patterns: Iterable[str]) -> list[Path]:
    """Every plain file under `root` that one of the patterns (as of `Path.glob`) names; none that
    is hidden, for so is one that is not whole yet."""
    found = {path for pattern in patterns for path in root.glob(pattern)}
    return sorted(
        path
        for path in found
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    )


def packed(root: Path, patterns: Iterable[str]) -> Parcel:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in matching(root, patterns)
    }


def unpack(root: Path, parcel: Mapping[str, bytes]) -> None:
    for name, content in parcel.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def strangers(parcel: Iterable[str], folder: str) -> list[str]:
    """Names that are not plainly those of files below `folder`."""
    inside = PurePosixPath(folder)
    return [
        name
        for name in parcel
        if ".." in name.split("/")
        or "\\" in name
        or "\0" in name
        or inside not in PurePosixPath(name).parents
    ]
