"""One thing to be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devices.base import Reading, RunRequest

# A reading of every file.
DENORMAL_WEIGHTS = "denormal_weights"


@dataclass(frozen=True, kw_only=True)
class Work:
    """One artifact to be measured, beside what reference; None for the reference itself. readings:
    what is known of the file that may change its time."""

    request: RunRequest
    artifact: Path
    reference: RunRequest | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)


def with_references(work: Sequence[Work], left: Sequence[Work]) -> list[Work]:
    """Those left, and the references that they stand beside, in the order of `work`."""
    wanted = {one.request for one in left} | {one.reference for one in left}
    return [one for one in work if one.request in wanted]
