"""Which photographs that are here tell the accuracy of a checkpoint's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from train.data.dataset import Dataset
from zoo.base.errors import MissingStep
from zoo.checkpoint import CheckpointRecord, checkpoint_path, read_record
from zoo.home import Home
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Photographs:
    """Those of the data set that the checkpoint was chosen on. dataset: None where it is not here;
    reason then says so, and parts are those parts of a joined data set that are."""

    dataset: Dataset | None
    reason: str = ""
    parts: tuple[Dataset, ...] = ()

    @classmethod
    def of(cls, home: Home, spec: ModelSpec) -> Self:
        """Raises MissingStep without a checkpoint, WeightsError for one that cannot be read."""
        record = read_record(checkpoint_path(home, spec))
        name = record.split.dataset
        try:
            dataset = Dataset.open(home, name)
        except MissingStep:
            reason = f"the data set {name!r} of the checkpoint is not here"
        else:
            if dataset.record.sha256 == record.split.sha256:
                return cls(dataset=dataset)
            reason = f"the data set {name!r} here is not the one of the checkpoint"
        return cls(dataset=None, reason=reason, parts=_parts(home, record))

    @property
    def sets(self) -> tuple[Dataset, ...]:
        """What is counted on, the first of them the main one."""
        return (self.dataset,) if self.dataset else self.parts


def _parts(home: Home, record: CheckpointRecord) -> tuple[Dataset, ...]:
    found = []
    for name, sha256 in record.split.parts.items():
        try:
            dataset = Dataset.open(home, name)
        except MissingStep:
            continue
        if dataset.record.sha256 == sha256:
            found.append(dataset)
    return tuple(found)
