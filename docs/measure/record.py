"""What each stored figure is of: `docs/measured/made.json`."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel

from zoo.base.files import sha256_of, sha256_of_json, write_text
from zoo.base.frozen import Frozen
from zoo.box import FOLDER
from zoo.spec import ZOO

DOCS = Path(__file__).parents[1]
RECORD = DOCS / "measured" / "made.json"
SOURCES = ("zoo", "train", "devices", "bench", "reports", "tests/benchmarks")
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Made(Frozen):
    """One figure as it was made. weights: a hash of the package's weights then; commit: of the
    code; made_at: when it was stored; seconds, processor: how long it took
    and on what, null where that was not written down. files: path under docs, and
    the hash of what was stored there."""

    weights: Sha256
    commit: str
    made_at: datetime
    seconds: Annotated[float, Field(ge=0)] | None
    processor: str | None
    command: str
    files: dict[str, Sha256]


class Record(RootModel[dict[str, Made]]):
    """By the figure's name."""


def read_record() -> dict[str, Made]:
    """Empty where nothing was recorded yet."""
    if not RECORD.is_file():
        return {}
    return Record.model_validate_json(RECORD.read_bytes()).root


def write_record(made: dict[str, Made]) -> None:
    write_text(RECORD, Record(dict(sorted(made.items()))).model_dump_json(indent=1) + "\n")


def hashes(files: tuple[str, ...]) -> dict[str, str]:
    return {name: sha256_of(DOCS / name) for name in files}


def commit() -> str:
    """The last one that changed a source of the product or of its benchmarks."""
    command = ["git", "log", "-1", "--format=%h", "--", *SOURCES]
    return subprocess.check_output(command, cwd=DOCS.parent, text=True).strip()


def present_weights() -> str:
    """A hash of the weights of the zoo that `make zoo` measures."""
    paths = sorted(FOLDER.glob(f"{ZOO}_*.safetensors"))
    return sha256_of_json({path.name: sha256_of(path) for path in paths})
