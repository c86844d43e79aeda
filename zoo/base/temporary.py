"""Temporary folders that are named after their process, so that those of killed ones are found."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil


def own_temporary(kind: str) -> tempfile.TemporaryDirectory[str]:
    """A folder `bench-KIND-PROCESS-...`, after those of processes that are gone are removed."""
    for folder in left_temporaries(kind):
        shutil.rmtree(folder, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{_prefix(kind)}{os.getpid()}-")


def left_temporaries(kind: str) -> list[Path]:
    """Those that killed processes left."""
    prefix = _prefix(kind)
    found = []
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            found.append(folder)
    return found


def _prefix(kind: str) -> str:
    return f"bench-{kind}-"
