"""Which sessions are pooled in a row, and what each says beside those of other files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.statistics.relative import Standing, logs_to_references
from bench.work.naming import told_apart
from devices.records import RunRequest
from reports.stored.sessions import Codes, Float64, Places, Sessions

At = tuple[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Beside:
    """logs: each session's, relative to its reference, NaN where there is none. peaks: the latest
    peak of memory of each one's file, in bytes, NaN where it is not known. speeds: of each
    request that is a reference and took turns, its median in each pass of each run. names: what
    tells files of one's own apart."""

    logs: Float64
    peaks: Float64
    speeds: Mapping[RunRequest, Mapping[str, Mapping[At, float]]]
    names: Mapping[RunRequest, str]


def beside_others(sessions: Sessions) -> Beside:
    request, own = sessions.shared["request"], sessions.shared["own"]
    known = dict(zip(request.codes.tolist(), own.codes.tolist(), strict=True))
    paths = {
        request.values[at]: None if of < 0 else own.values[of].path for at, of in known.items()
    }
    return Beside(
        logs=_logs(sessions),
        peaks=_peaks(sessions),
        speeds=_speeds(sessions),
        names=told_apart(paths),
    )


def groups(sessions: Sessions) -> list[Places]:
    """The places of those that are pooled in time order, without the passes for memory: of the same
    file, device, runtime, threads and protocol."""
    shared = sessions.shared
    keys = [
        *_file_keys(sessions),
        shared["protocol"].codes,
    ]
    memory = shared["verdict"].where(lambda verdict: verdict.label == "memory")
    places = np.flatnonzero(~memory)
    numbers = _numbers([key[places] for key in keys])
    order = np.argsort(numbers, kind="stable")
    parts = np.split(places[order], np.flatnonzero(np.diff(numbers[order])) + 1)
    return sorted((part for part in parts if len(part)), key=lambda part: int(part[0]))


def _peaks(sessions: Sessions) -> Float64:
    memory = sessions.shared["verdict"].where(lambda verdict: verdict.label == "memory")
    numbers = _numbers(_file_keys(sessions))
    found = np.full(1 + int(numbers.max(initial=0)), np.nan)
    # Of equal numbers the last one stays.
    found[numbers[memory]] = sessions.figures["peak_memory_bytes"][memory]
    return found[numbers]


def _file_keys(sessions: Sessions) -> list[Codes]:
    """What may be pooled, with the loop: the same file, device, runtime and threads."""
    codes = {name: shared.codes for name, shared in sessions.shared.items()}
    ran = codes["runtime_version"] >= 0
    how = [np.where(ran, codes[name], -1) for name in ("runtime_version", "fallback", "settings")]
    return [codes["request"], codes["device"], *how]


def _numbers(keys: Sequence[Codes]) -> Places:
    """A number for each place, equal where all keys are."""
    found = np.zeros(len(keys[0]), dtype=np.intp)
    for key in keys:
        line = found * (2 + int(key.max(initial=-1))) + key + 1
        _, found = np.unique(line, return_inverse=True)
    return found


def _logs(sessions: Sessions) -> Float64:
    counted = np.flatnonzero(sessions.counts)
    request, reference = sessions.shared["request"], sessions.shared["reference"]
    numbers = {value: number for number, value in enumerate(request.values)}
    # A reference that was not measured is beside nobody.
    known = np.array([*(numbers.get(value, -1) for value in reference.values), -1])
    medians = sessions.figures["median_ms"][counted]
    found = np.full(len(sessions), np.nan)
    found[counted] = logs_to_references(
        Standing(
            passes=sessions.passes[0][counted],
            requests=request.codes[counted].astype(np.int64),
            references=known[reference.codes[counted]],
            positions=sessions.figures["position"][counted].astype(np.int64),
            logs=np.log(medians, where=medians > 0, out=np.full(len(medians), np.nan)),
            effects=sessions.figures["effect"][counted],
        )
    )
    return found


def _speeds(sessions: Sessions) -> dict[RunRequest, Mapping[str, Mapping[At, float]]]:
    request, references = sessions.shared["request"], set(sessions.shared["reference"].values)
    wanted = request.where(references.__contains__) & sessions.counts & sessions.timed
    places = np.flatnonzero(wanted & ~np.isnan(sessions.figures["effect"]))
    numbers, at = sessions.passes
    found: dict[RunRequest, dict[str, dict[At, float]]] = defaultdict(lambda: defaultdict(dict))
    medians = sessions.figures["median_ms"][places].tolist()
    for place, number, ms in zip(places.tolist(), numbers[places].tolist(), medians, strict=True):
        found[request.at(place)][at[number][0]][at[number]] = ms
    return dict(found)
