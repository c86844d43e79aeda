"""`bench eval FILE`: a model file that is not imported, read by guesses."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.data.dataset import Dataset


def parted(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The paths of model files, and the names of models. Raises ArtifactError for a file that is
    not there."""
    from bench.work.subject import SUFFIXES, subject_of
    from zoo.home import Home

    home = Home.default()
    paths = [word for word in words if Path(word).suffix in SUFFIXES]
    files = [file for word in paths if isinstance(file := subject_of(home, word), Path)]
    return files, [word for word in words if word not in paths]


def judged(path: Path, dataset: Dataset, split: Any) -> tuple[dict[str, Any], str]:
    """Its record as that of an imported model, with how it was read and what would keep it; and
    what to say of these below the list."""
    from reports.text.imported import guessed_lines, imported_record
    from train.proof.imported import judge_file
    from zoo.base.pictures import shown

    found = judge_file(path, dataset, split)
    model = found.model
    row = imported_record(model, found.found) | {
        "model": shown(path.stem),
        "file": shown(path.name),
        "io": "by guesses",
        "input": model.input.model_dump(mode="json"),
        "output": model.output.model_dump(mode="json"),
        "why": found.guessed.why,
        "next": f"bench import {shlex.quote(shown(path))} --name {model.name}",
    }
    return row, _told(row, guessed_lines(model, found.guessed.why))


def _told(row: dict[str, Any], read_as: Sequence[str]) -> str:
    from reports.text.fitting import fitted, next_steps
    from zoo.artifact.iou import span_text

    iou = row["iou"]
    words = f"IoU {iou['value']:.3f} {span_text(iou['low'], iou['high'], '.3f')}"
    first = f"{row['file']}: {words}, run by {row['runtime']}, read by guesses:"
    last = "nothing of it is kept; this keeps it, and an option above changes a guess:"
    return "\n".join([fitted("\n".join([first, *read_as, last])), next_steps([row["next"]])])
