"""One session: what was asked, of which device, and the raw answer or the failure.

History of the schema: 1, a fixed count of samples; 2, a loop that stops by itself, rounds with a
reference, memory in a pass of its own, stages of a camera frame; 3, passes of files that take
turns, with the CPU time of each inference; 4, what a file of one's own is and is fed, and what
would mend a failure. Sessions of 3 are measured alike. Those of 2 are marked, and never pooled.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from devices.records import DeviceInfo, Loop, RawRun, RunRequest
from zoo.base.frozen import Frozen, exactly_one

SCHEMA: Final = 4
READABLE: Final = (2, 3, SCHEMA)
# Measured by the protocol of today.
ALIKE: Final = (3, SCHEMA)
OLDER: Final = "older protocol"


# How each mode samples by itself, where files do not take turns.
LOOPS: Final = {
    "burst": Loop(),
    "cadence": Loop(mode="cadence", limit_s=2.0, period_ms=33.3),
    "sustained": Loop(mode="sustained", limit_s=120.0, max_samples=1_000_000),
}


class Plan(Frozen):
    """How one run measures.

    Sessions come in passes, one of each artifact a pass, in an order shuffled by `seed`. An
    artifact has at least `sessions` that count, and more until the 95 % interval of its latency
    relative to the reference is within +-`target`, but max_sessions tries at most. of_difference:
    it is also enough where the interval is within this share of the difference that was found
    (its logarithm); 0 asks for the target alone. limit_s: once the fewest are there, no pass begins
    that would end later than this after the run began, counting the stored passes that it goes on
    from. settle_s: how long to wait, before a session that takes no turns, for a device that is not
    settled.
    """

    loop: Loop = Loop()
    sessions: Annotated[int, Field(ge=1, le=1000)] = 6
    max_sessions: Annotated[int, Field(ge=1, le=1000)] = 40
    target: Annotated[float, Field(gt=0, le=1)] = 0.02
    of_difference: Annotated[float, Field(ge=0, lt=1)] = 0.0
    limit_s: Annotated[float, Field(gt=0)] | None = None
    memory: bool = True
    seed: int = 0
    settle_s: Annotated[float, Field(ge=0, le=3600)] = 2.0

    @property
    def protocol(self) -> str:
        """What must be equal for two sessions to be pooled, in words."""
        return protocol_text(self.loop)


def protocol_text(loop: Loop) -> str:
    """The mode, and how long a session of it takes samples."""
    if loop.mode == "memory":
        return "memory"
    if loop.turns:
        turns = loop.turns
        return f"{loop.mode}, {turns.rounds} rounds of {turns.sample_ms:g} ms turns a pass"
    mode = f"cadence of {loop.period_ms:g} ms" if loop.period_ms else loop.mode
    frame = f" from {loop.frame[0]}x{loop.frame[1]} frames" if loop.frame else ""
    if loop.max_warmup != Loop().max_warmup:
        frame += f" after at most {loop.max_warmup} inferences of warm-up"
    if loop.mode == "sustained":
        return f"{mode}{frame}, {loop.limit_s:g} s"
    return (
        f"{mode}{frame}, {loop.min_samples}-{loop.max_samples} samples "
        f"to {loop.within:.2%} or {loop.limit_s:g} s"
    )


class Failure(Frozen):
    """A session that did not end well: at which stage, and why. code: the kind of problem, where it
    has one; log: the end of what the program on the device printed; expected, next: what would have
    been right, and what to type then, where that is known."""

    stage: str
    reason: str
    code: str | None = None
    log: str | None = None
    expected: str | None = None
    next: str | None = None


class OwnFile(Frozen):
    """Of a file that is no model of the zoo. path: the end of its path, to tell it from others of
    its name. size_bytes: of all that belongs to it."""

    path: str
    size_bytes: Annotated[int, Field(ge=0)]


class Session(Frozen):
    """The replicate: one artifact, one device, one process. Never changed once it is written.

    batch: the id of the run it belongs to. round: the number of the pass in that run, 0 that for
    memory; position: its place in the run. reference: what was measured beside it, in the same
    pass, to divide the device's drift out; null for the reference itself, and where there is none.
    own: of a file of one's own; null for the zoo's, and in older sessions. machine: a hash that
    tells the computer that took it from others; null in older sessions.
    """

    schema_version: Literal[2, 3, 4] = SCHEMA
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    batch: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    round: Annotated[int, Field(ge=0, lt=2**31)]
    position: Annotated[int, Field(ge=0, lt=2**31)]
    started_at: AwareDatetime
    commit: str | None
    device: DeviceInfo
    request: RunRequest
    reference: RunRequest | None
    plan: Plan
    own: OwnFile | None = None
    machine: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")] | None = None
    run: RawRun | None
    failure: Failure | None = None

    @model_validator(mode="after")
    def _ran_or_failed(self) -> Self:
        exactly_one(run=self.run, failure=self.failure)
        return self

    @property
    def timed(self) -> bool:
        """Whether it has a latency: it did not fail, and was no memory pass."""
        series = self.run.series if self.run else None
        return series is not None and bool(series.samples_ns or series.reported or series.bursts)

    @property
    def fed(self) -> tuple[str, ...]:
        """Name, shape, type, range and values of each input, in words."""
        request, seed = self.request, f"of seed {self.request.input_seed}"
        if request.inputs:
            return tuple(
                f"{feed.text} {seed}" if feed.values == "noise" else feed.text
                for feed in request.inputs
            )
        if request.size is None:
            return ("not stored: filled by shape and type",)
        side = request.size
        shape = f"1x{side}x{side}x3" if request.format == "tflite" else f"1x3x{side}x{side}"
        made = {"host": f"noise 0..1 {seed}", "browser": "a drawn portrait, 0..1"}
        return (f"image {shape}, {made.get(self.device.kind, 'made by the program that ran it')}",)

    @property
    def protocol(self) -> str:
        """As the plan's; marked where it is an older one, so that the two are never pooled."""
        older = "" if self.schema_version in ALIKE else f", {OLDER} {self.schema_version}"
        return self.plan.protocol + older
