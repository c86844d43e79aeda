"""The base of every record that is stored or crosses a boundary."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from zoo.base.errors import ArtifactError


def exactly_one(**values: object) -> None:
    """Raise ValueError unless one of the values is given and the others are None."""
    if sum(value is not None for value in values.values()) != 1:
        raise ValueError(f"expected either {' or '.join(values)}")


class Frozen(BaseModel):
    """Immutable, validated when read, and nothing unknown passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __eq__(self, other: object) -> bool:
        """What pydantic's own says of a model without private or extra fields, several times as
        fast: a report of many sessions compares their devices and requests all the time."""
        if self.__class__ is not other.__class__:
            return NotImplemented
        return self.__dict__ == other.__dict__


Record = TypeVar("Record", bound=Frozen)


def read_json(kind: type[Record], path: Path, expected: str, model: str) -> Record:
    """A record stored beside a variant's exported files; raises ArtifactError when it is broken."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f"{path} is broken: {detail}",
            expected=expected,
            remedy=f"remove it, then: bench export --model {model}",
        ) from error
