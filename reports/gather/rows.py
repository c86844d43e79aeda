"""A row of a report: what may be averaged, one artifact under one set of conditions asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from bench.statistics.bursts import OF_CPU_TIME
from bench.statistics.ratios import Ratio
from bench.statistics.stats import Quantile
from bench.statistics.verdict import Verdict
from devices.records import NOT_ISOLATED, DeviceInfo, Origin
from reports.gather.joined import Joined
from reports.stored.digest import Digest
from reports.stored.sessions import Float64, Places, Sessions
from zoo.artifact.iou import Interval
from zoo.base.files import sha256_of_json
from zoo.complexity import Complexity, complexity
from zoo.registry import all_specs
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Facet:
    """What must be equal for two rows to be compared: points of one picture.

    iou_of: the class, images and split of the IoUs; None where there is no IoU. partial: an
    accelerator left some of the model to the CPU. settings: of the runtime for these files.
    """

    device: DeviceInfo
    runtime: str
    runtime_version: str
    threads: int
    precision: str
    protocol: str
    iou_of: str | None
    partial: bool = False
    settings: str | None = None

    @property
    def how(self) -> str:
        """What ran it: `litert 2.3.0, 1 thread, fp16`."""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        settings = f" ({self.settings})" if self.settings else ""
        ran = f"{self.runtime}{self.part} {self.runtime_version}{settings}"
        return f"{ran}, {threads}, {self.precision}"

    @property
    def part(self) -> str:
        """What is said behind the runtime's name where an accelerator did not run all of it."""
        if not self.partial:
            return ""
        return " NOT AS ASKED FOR" if self.device.kind == "browser" else " PARTLY ON THE CPU"

    @property
    def of_every_precision(self) -> Facet:
        """Settings are those of a file, as an int8 one has some that the fp32 one beside it has
        not. Whether a page is isolated is of all its files."""
        page = NOT_ISOLATED if NOT_ISOLATED in (self.settings or "") else None
        return replace(self, precision="every precision", settings=page)

    @property
    def title(self) -> str:
        mark = "EMULATED " if self.device.emulated else ""
        # By its name alone an iPhone would be taken for one that runs Core ML.
        engine = f" ({self.device.cpu})" if self.device.kind == "browser" else ""
        return (
            f"{mark}{self.device.name}{engine}\n{self.how}, {self.protocol}\n"
            f"{f'IoU: {self.iou_of}' if self.iou_of else 'IoU not measured'}"
        )

    @property
    def order(self) -> tuple[str, str]:
        return (self.title, self.device.model_dump_json())


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One artifact in one facet. Latencies in ms; brackets of a quantile are its range over passes.

    stored: all that the report is of. used, unused: the places there of the sessions that the
    figures are of, in time order, and of the others. usable: whether any session counts; if none
    does, the figures are of the others, and the row stands outside the front. relative: to the
    latency of the model relative_to, pass by pass, of its file of that hash; None for that one
    itself. logs: what it is made of, one for each used session, NaN for one without. levels_ms: its
    latency in every pass of its runs, by the reference's speed where it had left already, so that
    all files of a run meet the same moments; p50_ms is of these. logs_by_round: by pass, to be
    subtracted from another row's.
    interrupted: the share of samples that were set aside; None where nothing tells. by_cpu: some
    median is of CPU time. stages_ms: medians of a camera frame's stages. The peak of memory is of
    sessions of its own.

    dominated_by: the key of a row on the front that does. near_front: on it, or within the band.
    front_probability: over resampled passes and images; None where there are too few of them, or
    the row may not stand on a front. reference: the model of most IoU in its picture.
    from_reference: the row's IoU minus that one's, over the same images; None where it was counted
    on others.
    """

    model: str
    facet: Facet
    artifact_sha256: str
    stored: Sessions
    used: Places
    unused: Places
    usable: bool
    p50_ms: Quantile
    p90_ms: Quantile | None
    p95_ms: Quantile | None
    relative: Ratio | None
    relative_to: str | None
    relative_to_sha256: str | None
    stages_ms: tuple[tuple[str, float], ...]
    logs: Float64
    levels_ms: Mapping[tuple[str, int], float]
    logs_by_round: Mapping[tuple[str, int], float]
    interrupted: float | None
    by_cpu: bool
    samples: int
    load_ms: float | None
    warm_load_ms: float | None
    first_inference_ms: float | None
    peak_memory_bytes: int | None
    unknown_conditions: tuple[str, ...]
    joined: Joined
    on_front: bool = False
    dominated_by: str | None = None
    near_front: bool = False
    front_probability: float | None = None
    reference: str | None = None
    is_reference: bool = False
    from_reference: Interval | None = None

    @cached_property
    def last(self) -> Digest:
        """The latest session that was used."""
        return self.stored.digest(int(self.used[-1]))

    @property
    def sessions(self) -> tuple[str, ...]:
        """The ids of those that were used."""
        return tuple(self.stored.ids[self.used].astype(str).tolist())

    @property
    def left_out(self) -> tuple[tuple[str, Verdict], ...]:
        """The ids of those that were not, with their verdicts."""
        stored = self.stored
        return tuple((stored.id(at), stored.verdict(at)) for at in self.unused.tolist())

    @property
    def session_medians_ms(self) -> tuple[float, ...]:
        return tuple(self.stored.figures["median_ms"][self.used].tolist())

    @cached_property
    def session_runs(self) -> tuple[int, ...]:
        """The run that each used session is of, numbered within this row."""
        codes = self.stored.shared["batch"].codes[self.used]
        return tuple(np.unique(codes, return_inverse=True)[1].tolist())

    @property
    def session_relatives(self) -> tuple[float | None, ...]:
        """What `relative` is made of, None for a session without."""
        return tuple(None if np.isnan(log) else math.exp(log) for log in self.logs.tolist())

    @cached_property
    def key(self) -> str:
        """Names the row: of what was asked and where, so that it is the same in every report."""
        last = self.last
        asked, device = last.request.model_dump(), self.facet.device.model_dump()
        # Of the zoo's own, as before there were any.
        for name in ("inputs", "signature"):
            if not asked[name]:
                del asked[name]
        place = [self.facet.runtime_version, self.facet.protocol, last.fallback, last.settings]
        return sha256_of_json([asked, device, place])[:10]

    @property
    def asked(self) -> str:
        """The model by its own name; `model` may hold what tells it from others of that name."""
        return self.last.request.model

    @property
    def of_zoo(self) -> bool:
        """Whether it is a registered variant, and not a file of one's own."""
        return self.spec is not None

    @property
    def spec(self) -> ModelSpec | None:
        """The registered variant; None also of one that only another version registers."""
        return _registered().get(self.model) if self.origin == "zoo" else None

    @property
    def origin(self) -> Origin:
        return self.last.request.origin

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a file of one's own was fed, an input each; empty for the zoo's."""
        return tuple(feed.text for feed in self.last.request.inputs)

    @property
    def complexity(self) -> Complexity | None:
        """On paper; None of a model that is not the zoo's, of which that is not known."""
        return complexity(self.spec) if self.spec else None

    @property
    def complexity_reason(self) -> str | None:
        """Why it is not known."""
        if self.origin == "zoo":
            return None if self.of_zoo else "not a variant of this version"
        return "an imported file" if self.origin == "imported" else "a file of one's own"

    @property
    def clock(self) -> str:
        """What is said behind p50 where it is less than a user waits."""
        return OF_CPU_TIME if self.by_cpu else ""

    @property
    def label(self) -> str:
        """Short, for a picture: `0.5/224`; of what is no variant its name."""
        return self.spec.label if self.spec else self.model

    @property
    def unusable(self) -> str | None:
        """What the last session looked like, where none counts."""
        found = self.last.verdict
        return None if self.usable else f"{found.label}, {found.reason}"

    @property
    def redrawn(self) -> bool:
        """Whether it has passes and images enough to say how sure its place is."""
        iou = self.joined.iou
        return self.p50_ms.low is not None and iou is not None and iou.low is not None

    @property
    def fit(self) -> bool:
        """Whether it may stand on a front: usable, of known IoU, and not rejected."""
        return self.usable and self.joined.iou is not None and self.joined.rejected is None


@cache
def _registered() -> dict[str, ModelSpec]:
    return {spec.name: spec for spec in all_specs()}
