"""What takes long and is the same for every test: made once a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(
    factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], None]
) -> Path:
    """The folder that `make` has filled: by whichever of the processes that run tests side by side
    asks first, for all of them. Leave it as it is."""
    base = factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / name
    done = root.with_name(f"{name}.made")
    with FileLock(f"{root}.lock"):
        if not done.is_file():
            shutil.rmtree(root, ignore_errors=True)
            make(root)
            done.touch()
    return root
