"""The row of one artifact: its figures over the sessions that are pooled."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from bench.statistics.ratios import ratio_over_passes
from bench.statistics.stats import FEWEST_PASSES, Quantile, across_passes, quantile
from devices.frame import STAGES
from devices.records import RunRequest
from reports.gather.groups import At, Beside
from reports.gather.joined import Joined
from reports.gather.rows import Facet, Row
from reports.stored.digest import Digest
from reports.stored.sessions import Float64, Places, Sessions


def row_of(stored: Sessions, places: Places, joined: Joined, beside: Beside) -> Row:
    """places: of its sessions in time order, one of them timed at least."""
    timed = places[stored.timed[places]]
    counted = timed[stored.counts[timed]]
    used = counted if len(counted) else timed
    last = stored.digest(used[-1])
    logs, reference = _relatives(stored, used, beside.logs)
    relative = None if reference is None else ratio_over_passes(logs[~np.isnan(logs)].tolist())
    levels = _levels(stored, used)
    # Else a flaky file's one pass would pass for many.
    if relative is not None and reference is not None and len(levels) >= FEWEST_PASSES:
        levels = _filled(levels, beside.speeds.get(reference, {}), relative.value)
    figures = {name: figures[used] for name, figures in stored.figures.items()}
    told = float(figures["told"].sum())
    firsts, peak = figures["first_inference_ms"], float(beside.peaks[places[-1]])
    return Row(
        model=beside.names[last.request],
        facet=_facet(last, joined.iou_of),
        artifact_sha256=last.request.artifact_sha256,
        stored=stored,
        used=used,
        unused=places[~np.isin(places, used)],
        usable=bool(len(counted)),
        p50_ms=across_passes(list(levels.values())),
        p90_ms=_tail(figures["p90_ms"]),
        p95_ms=_tail(figures["p95_ms"]),
        relative=relative,
        relative_to=None if reference is None else beside.names.get(reference, reference.model),
        relative_to_sha256=None if reference is None else reference.artifact_sha256,
        stages_ms=_stages([figures[name] for name in STAGES]),
        logs=logs,
        levels_ms=levels,
        logs_by_round=_logs_by_round(stored, used, levels),
        interrupted=float(figures["interrupted"].sum()) / told if told else None,
        by_cpu=bool(figures["by_cpu"].any()),
        samples=int(figures["samples"].sum()),
        load_ms=_median(figures["load_ms"]),
        warm_load_ms=_median(figures["warm_load_ms"]),
        first_inference_ms=None if np.isnan(firsts).any() else _median(firsts),
        peak_memory_bytes=int(peak) if peak > 0 else None,
        unknown_conditions=_unknown(stored, used),
        joined=joined,
    )


def _levels(stored: Sessions, used: Places) -> dict[At, float]:
    """The median in each pass, oldest first; of a reference that has several there, their mean by
    the logarithm."""
    numbers, at = stored.passes
    logs: dict[int, list[float]] = defaultdict(list)
    medians = np.log(stored.figures["median_ms"][used])
    for number, log in zip(numbers[used].tolist(), medians.tolist(), strict=True):
        logs[number].append(log)
    return {at[number]: math.exp(sum(each) / len(each)) for number, each in logs.items()}


def _filled(
    levels: Mapping[At, float], speeds: Mapping[str, Mapping[At, float]], relative: float
) -> dict[At, float]:
    """With the passes of its runs that it was not in, for it was known by then."""
    batches = dict.fromkeys(batch for batch, _ in levels)
    left = {at: ms * relative for batch in batches for at, ms in speeds.get(batch, {}).items()}
    return left | dict(levels)


def _logs_by_round(stored: Sessions, used: Places, levels: Mapping[At, float]) -> dict[At, float]:
    """By neighbouring turns where it took turns, else by its median in the pass."""
    numbers, at = stored.passes
    # Of a session that does not count nothing is said beside others.
    effects = np.where(stored.counts[used], stored.figures["effect"][used], np.nan)
    there = ~np.isnan(effects)
    in_turns = zip(numbers[used[there]].tolist(), effects[there].tolist(), strict=True)
    found = {at[number]: effect for number, effect in in_turns}
    return found or {at: math.log(ms) for at, ms in levels.items()}


def _tail(tails: Float64) -> Quantile | None:
    """Of the sessions' own tail quantiles; None where one has too few samples for it."""
    return None if np.isnan(tails).any() else across_passes(tails.tolist())


def _relatives(stored: Sessions, used: Places, logs: Float64) -> tuple[Float64, RunRequest | None]:
    """Of each session, to the reference that stood beside most of them, of two alike the later one;
    NaN for the others, which are not mixed in."""
    reference = stored.shared["reference"]
    known = used[~np.isnan(logs[used])]
    if not len(known):
        return np.full(len(used), np.nan), None
    [(most, _)] = Counter(reference.codes[known[::-1]].tolist()).most_common(1)
    found: RunRequest = reference.values[most]
    return np.where(reference.codes[used] == most, logs[used], np.nan), found


def _stages(stages: Sequence[Float64]) -> tuple[tuple[str, float], ...]:
    """Each stage's median over sessions of its medians within."""
    if np.isnan(stages[0]).any():
        return ()
    return tuple(
        (name, quantile(each.tolist(), 0.5).value)
        for name, each in zip(STAGES, stages, strict=True)
    )


def _facet(session: Digest, iou_of: str | None) -> Facet:
    assert session.runtime_version is not None
    return Facet(
        device=session.device,
        runtime=session.request.runtime,
        runtime_version=session.runtime_version,
        threads=session.request.threads,
        precision=session.request.precision,
        protocol=session.protocol,
        iou_of=iou_of,
        partial=session.fallback is not None,
        settings=session.settings,
    )


def _unknown(stored: Sessions, used: Places) -> tuple[str, ...]:
    """Conditions that no session could read."""
    known, unknown = (
        {name for value in _values(stored, column, used) for name in value}
        for column in ("known", "unknown")
    )
    return tuple(sorted(unknown - known))


def _values(stored: Sessions, column: str, places: Places) -> list[tuple[str, ...]]:
    shared = stored.shared[column]
    return [shared.values[code] for code in np.unique(shared.codes[places]).tolist() if code >= 0]


def _median(values: Float64) -> float | None:
    known = values[~np.isnan(values)]
    return quantile(known.tolist(), 0.5).value if len(known) else None
