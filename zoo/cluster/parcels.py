"""Files that go from machine to machine as bytes, and how a parcel is told from another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

# The content of files by their names, relative to a home.
Parcel = dict[str, bytes]


def digest(parcel: Mapping[str, bytes]) -> str:
    """SHA-256 of the names and contents."""
    found = hashlib.sha256()
    for name in sorted(parcel):
        found.update(f"{name}\0{len(parcel[name])}\0".encode())
        found.update(parcel[name])
    return found.hexdigest()


def unpack(root: Path, parcel: Mapping[str, bytes]) -> None:
    for name, content in parcel.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
