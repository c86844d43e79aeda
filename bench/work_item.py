"""One thing to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devices.base import RunRequest


@dataclass(frozen=True, kw_only=True)
class Work:
    """One artifact to be measured, beside what reference; None for the reference itself."""

    request: RunRequest
    artifact: Path
    reference: RunRequest | None = None


def with_references(work: Sequence[Work], left: Sequence[Work]) -> list[Work]:
    """Those left, and the references that they stand beside, in the order of `work`."""
    wanted = {one.request for one in left} | {one.reference for one in left}
    return [one for one in work if one.request in wanted]
