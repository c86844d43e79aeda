"""One thing to be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.sessions.record import OwnFile
from devices.records import Reading, RunRequest
from zoo.base.files import size_bytes

# A reading of every file.
DENORMAL_WEIGHTS = "denormal_weights"


@dataclass(frozen=True, kw_only=True)
class Work:
    """One artifact to be measured, beside what reference; None for the reference itself. called: by
    what name among those measured with it, where that is not the model's own. own: of a
    file of one's own. readings: what is known of the file that may change its time."""

    request: RunRequest
    artifact: Path
    reference: RunRequest | None = None
    own: OwnFile | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)
    called: str | None = None

    @property
    def name(self) -> str:
        return self.called or self.request.model

    @property
    def size_bytes(self) -> int:
        """Of all that belongs to it."""
        return self.own.size_bytes if self.own else size_bytes(self.artifact)


def with_references(work: Sequence[Work], left: Sequence[Work]) -> list[Work]:
    """Those left, and the references that they stand beside, in the order of `work`."""
    wanted = {one.request for one in left} | {one.reference for one in left}
    return [one for one in work if one.request in wanted]
