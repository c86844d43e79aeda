"""The base of every record that is stored or crosses a boundary."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


def exactly_one(**values: object) -> None:
    """Raise ValueError unless one of the values is given and the others are None."""
    if sum(value is not None for value in values.values()) != 1:
        raise ValueError(f"expected either {' or '.join(values)}")


class Frozen(BaseModel):
    """Immutable, validated when read, and nothing unknown passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
