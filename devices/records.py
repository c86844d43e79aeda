"""What crosses the seam: what is to be measured, how, and what one process on one device gave."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from zoo.base.frozen import Frozen, exactly_one
from zoo.runtime.feeds import Feed
from zoo.runtime.runtime import RUNTIMES, engine

# No count of anything is larger, and floats hold it.
MOST = 2**63
Nanoseconds = Annotated[int, Field(gt=0, lt=MOST)]
Whole = Annotated[int, Field(ge=0, lt=MOST)]
# Such words stand in commands that are printed.
Word = Annotated[str, Field(pattern=r"^[a-z0-9]+([ -][a-z0-9]+)*$")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Counts = tuple[Whole, ...]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
# The reading of a file whose outputs hold some: how many.
INFINITE_VALUES = "infinite_values"
# The reading of a browser's file: how many inferences each sample is the mean of.
INFERENCES_A_SAMPLE = "inferences_a_sample"
# The setting of a browser's page whose clock is coarse.
NOT_ISOLATED = "not isolated"
# A model of the zoo, one that was imported, or a file of the user's own.
Origin = Literal["zoo", "imported", "file"]
# The precision of a file of the user's own, of which nothing is known.
AS_GIVEN = "as given"


class Reading(Frozen):
    """One condition: a value, or null with the reason why it is unknown. Unknown is not good."""

    value: float | Annotated[int, Field(gt=-MOST, lt=MOST)] | str | None
    reason: str | None = None

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Self:
        exactly_one(value=self.value, reason=self.reason)
        return self


class DeviceInfo(Frozen):
    """What stays the same from session to session. kind: host, android, iphone, browser. unit:
    tells two of the same make apart, by a hash of the serial number; None for the host."""

    kind: Word
    name: str
    os: str
    cpu: str
    cores: Annotated[int, Field(gt=0, lt=2**31)]
    memory_bytes: Whole
    emulated: bool = False
    unit: str | None = None

    @property
    def key(self) -> str:
        """A name for its folder of results."""
        return f"{self.kind}-{self.unit}" if self.unit else self.kind


class RunRequest(Frozen):
    """What to measure. size: the side of the zoo's image in pixels; None for an imported model,
    and for a file of the user's own. input_seed makes the noise that is fed. inputs: of a file of
    one's own all that it is fed, empty where its format does not tell; signature: which of several.
    """

    model: str
    size: int | None
    format: Word
    precision: Word
    artifact_sha256: str
    runtime: Word
    threads: Annotated[int, Field(gt=0, lt=2**31)]
    input_seed: int = 0
    inputs: tuple[Feed, ...] = ()
    signature: str | None = None

    @field_validator("runtime")
    @classmethod
    def _known(cls, runtime: str) -> str:
        try:
            engine(runtime)
        except KeyError:
            raise ValueError(f"runtime {runtime!r} is none of {', '.join(RUNTIMES)}") from None
        return runtime

    @property
    def origin(self) -> Origin:
        if self.size is not None:
            return "zoo"
        return "file" if self.precision == AS_GIVEN else "imported"


class Turns(Frozen):
    """How the files of a pass take turns.

    Each file has one turn a round, a reference some more, in an order that is shuffled every round.
    A pass of few files has more rounds, until it has fewest_turns in all: a few turns may happen to
    be one file's while the machine was quick and the other's while it was slow.

    A turn begins with inferences that are set apart, for the caches are another file's: until
    discard_ms of the calling thread's CPU time are over, one at least. Samples follow until
    sample_ms of CPU time are over, one at least; limit_ms of wall time ends a turn earlier, after
    one of them. Where there is no CPU clock, wall time is counted.
    """

    rounds: Annotated[int, Field(ge=1, le=1000)] = 24
    fewest_turns: Annotated[int, Field(ge=0, le=100_000)] = 64
    discard_ms: Annotated[float, Field(ge=0, le=1000)] = 5.0
    sample_ms: Annotated[float, Field(gt=0, le=10_000)] = 5.0
    limit_ms: Annotated[float, Field(gt=0, le=60_000)] = 60.0


class Loop(Frozen):
    """How inferences follow one another within a session.

    turns: of a file that takes turns with others; then nothing else here but the mode and warm_s
    matters. warm_s: how long an engine that compiles while it runs is to run first.
    mode: burst (back to back, cool), cadence (one each period_ms, as a camera gives them),
    sustained (back to back for limit_s), memory (a few, untimed). Warm-up goes on until it has
    settled, for max_warmup inferences at most. Then samples are taken until the 95 % interval of
    their median is within +-`within` of it, but at least min_samples; or until limit_s or
    max_samples is reached. frame: width and height of the camera frame of which the
    application's time is measured; None for the model's own time.
    """

    mode: Literal["burst", "cadence", "sustained", "memory"] = "burst"
    turns: Turns | None = None
    warm_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    period_ms: Annotated[float, Field(gt=0, le=60_000)] | None = None
    max_warmup: Count = 300
    min_samples: Count = 40
    max_samples: Annotated[int, Field(gt=0, le=10_000_000)] = 1000
    limit_s: Seconds = 1.0
    within: Annotated[float, Field(ge=0, le=1)] = 0.01
    frame: tuple[Count, Count] | None = None


class Burst(Frozen):
    """One turn of a file: its inferences in time order, and what the system tells of each.

    round, position: its place in the pass. started_ns: by the device's monotonic clock. discarded:
    how many of the first are set apart. wall_ns, cpu_ns: of each inference; CPU time is the calling
    thread's, process_cpu_ns that of all threads (read where there are several). switches: how often
    the system took the core away meanwhile (involuntary context switches; of the thread where it
    tells, else of the process). steal_ms, pressure_ms: of the whole machine during the turn: time
    that a hypervisor gave to others; time in which something ready to run had to wait. None where
    the system does not tell.
    """

    round: Annotated[int, Field(ge=0, le=100_000)]
    position: Annotated[int, Field(ge=0, le=100_000)]
    started_ns: Annotated[int, Field(ge=0)]
    discarded: Annotated[int, Field(ge=0)]
    wall_ns: tuple[Nanoseconds, ...]
    cpu_ns: Counts | None = None
    process_cpu_ns: Counts | None = None
    switches: Counts | None = None
    steal_ms: Annotated[float, Field(ge=0)] | None = None
    pressure_ms: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if self.discarded > len(self.wall_ns):
            raise ValueError("more inferences are set apart than there are")
        for each in (self.cpu_ns, self.process_cpu_ns, self.switches):
            if each is not None and len(each) != len(self.wall_ns):
                raise ValueError(f"{len(each)} readings of {len(self.wall_ns)} inferences")
        return self


class Series(Frozen):
    """The inferences of one session, in time order.

    bursts: of a file that took turns with others; the other samples are null then.

    settled: whether warm-up was seen to settle; None where that cannot be known. stopped_by: what
    ended the sampling; `program` where the loop belonged to another program. samples_ns null means
    that this program kept its samples: then samples_reason says so, and `reported` holds its own
    statistics, p50_ms at least. stages_ns: parts of each sample, by the names in frame.py.
    """

    warmup_ns: tuple[Nanoseconds, ...]
    settled: bool | None
    samples_ns: tuple[Nanoseconds, ...] | None
    samples_reason: str | None = None
    reported: dict[str, float] | None = None
    stages_ns: dict[str, Counts] | None = None
    stopped_by: Literal["interval", "time", "count", "program", "pass", "cut off"]
    bursts: tuple[Burst, ...] | None = None

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Self:
        exactly_one(
            samples_ns=self.samples_ns, samples_reason=self.samples_reason, bursts=self.bursts
        )
        if self.reported is not None and not self.reported.get("p50_ms", 0) > 0:
            raise ValueError("reported statistics without p50_ms")
        return self


class RawRun(Frozen):
    """What one process on one device gave, before anyone made statistics of it.

    load_ns: each load in turn, the first one cold. shared_by: how many files the process held while
    they took turns; None where it was this file's alone. Memory is of the whole process, and read
    in a pass of its own; null in the others. program_sha256: of the program that ran it, where that
    was not ours. fallback: what the accelerator that was asked for left to the CPU, in words; such
    a figure is never pooled with a whole one. settings: how the runtime was set for this file, if
    machines differ in it; sessions set otherwise are never pooled. conditions_during: each second,
    where they were read.
    """

    load_ns: Annotated[tuple[Nanoseconds, ...], Field(min_length=1)]
    first_inference_ns: Nanoseconds | None
    series: Series
    peak_memory_bytes: Whole | None = None
    baseline_memory_bytes: Whole | None = None
    runtime_version: str
    conditions_before: dict[str, Reading]
    conditions_after: dict[str, Reading]
    conditions_during: tuple[dict[str, Reading], ...] = ()
    program_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    fallback: str | None = None
    settings: str | None = None
    shared_by: Annotated[int, Field(ge=2)] | None = None

    @property
    def inferences_a_sample(self) -> int:
        """How many each sample is the mean of: several where a browser's clock is coarse."""
        reading = self.conditions_before.get(INFERENCES_A_SAMPLE)
        return reading.value if reading and isinstance(reading.value, int) else 1
