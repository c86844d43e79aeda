"""The base of every record that is stored or crosses a boundary."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable, validated when read, and nothing unknown passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
