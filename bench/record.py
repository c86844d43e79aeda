"""One session: what was asked, of which device, and the raw answer or the failure.

History of the schema: 1, the first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from devices.base import DeviceInfo, RawRun, RunRequest
from zoo.frozen import Frozen, exactly_one

SCHEMA: Final = 1


class Plan(Frozen):
    """How one `bench run` measures. Sessions are interleaved over the artifacts, in an order
    shuffled by `seed`, so that drift of the device meets all alike."""

    mode: Literal["burst"] = "burst"
    sessions: Annotated[int, Field(ge=1, le=1000)] = 10
    warmup: Annotated[int, Field(ge=0, le=100_000)] = 50
    samples: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    seed: int = 0

    @property
    def protocol(self) -> str:
        """What must be equal for two sessions to be pooled."""
        return f"{self.mode}, {self.warmup} warm-up + {self.samples} samples"


class Failure(Frozen):
    """A session that did not end well: at which stage, and why."""

    stage: str
    reason: str


class Session(Frozen):
    """The replicate: one artifact, one device, one process. Never changed once it is written.

    batch: the id of the `bench run` it belongs to. position: its place in that run's order.
    """

    schema_version: Literal[1] = SCHEMA
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    batch: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    position: int
    started_at: datetime
    commit: str | None
    device: DeviceInfo
    request: RunRequest
    plan: Plan
    run: RawRun | None
    failure: Failure | None = None

    @model_validator(mode="after")
    def _ran_or_failed(self) -> Self:
        exactly_one(run=self.run, failure=self.failure)
        return self
