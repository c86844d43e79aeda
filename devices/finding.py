"""What was found of one thing that a road to a measurement needs."""

from __future__ import annotations

from typing import Self

from pydantic import field_validator, model_validator

from zoo.base.frozen import Frozen


class Finding(Frozen):
    """One need of one road. ok null: it cannot be had, or not be known, on this machine, and
    `found` says why. What is false always has a remedy: one line to type or do."""

    road: str
    need: str
    ok: bool | None
    found: str
    remedy: str | None = None

    @field_validator("found", "remedy", mode="before")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        # A path may hold bytes that are no UTF-8; Python carries them as lone surrogates.
        return value and value.encode(errors="replace").decode()

    @model_validator(mode="after")
    def _what_is_missing_has_a_remedy(self) -> Self:
        if self.ok is False and not self.remedy:
            raise ValueError(f"expected a remedy for {self.road}: {self.need}")
        return self
