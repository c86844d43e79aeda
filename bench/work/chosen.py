"""The files that one run measures: each once, with a name and beside a reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.sessions.record import ALIKE, Plan, Session
from bench.work.item import DENORMAL_WEIGHTS, Work
from bench.work.naming import told_apart
from bench.work.typed_inputs import said
from devices.base import Device
from devices.records import Reading
from zoo.artifact.denormals import denormal_weights
from zoo.base.errors import UnknownName
from zoo.base.provenance import machine


def beside_references(work: Sequence[Work], reference: str | None) -> list[Work]:
    """Each work with the reference of its runtime and precision: the named model's, else the
    lightest one's.

    Raises UnknownName where the named one is not among the work. Alone in its runtime and
    precision, a work has no reference.
    """
    groups: dict[tuple[str, str, int], list[Work]] = defaultdict(list)
    for one in work:
        groups[one.request.runtime, one.request.precision, one.request.threads].append(one)
    found = []
    for group in groups.values():
        named = {one.name: one for one in group}
        if reference is not None and reference not in named:
            raise UnknownName.of("reference", reference, named, "name it with --model as well")
        chosen = named[reference] if reference else min(group, key=_weight)
        found += [one if one is chosen else replace(one, reference=chosen.request) for one in group]
    return found


def named(work: Sequence[Work], inputs: Sequence[str] = ()) -> list[Work]:
    """Each once, with a name that tells it from the others. inputs: what the user said of inputs;
    raises UnknownName where none of the files has an input of that name."""
    known = {feed.name for one in work for feed in one.request.inputs}
    for name in said(inputs):
        if name not in known:
            remedy = "--input NAME=WHAT, of a FILE's input"
            raise UnknownName.of("input", name, sorted(known), remedy)
    names = told_apart({one.request: one.own.path if one.own else None for one in work})
    once = {one.request: one for one in reversed(work)}
    return [replace(one, called=names[one.request]) for one in work if once[one.request] is one]


def looked_at(work: Sequence[Work]) -> list[Work]:
    """With what can be told of each file's weights without running it."""
    found = denormal_weights([(one.artifact, one.request.format) for one in work])
    return [
        replace(one, readings={DENORMAL_WEIGHTS: _reading(count)})
        for one, count in zip(work, found, strict=True)
    ]


def _reading(found: int | str) -> Reading:
    return Reading(value=found) if isinstance(found, int) else Reading(value=None, reason=found)


def alike(
    sessions: Iterable[Session], device: Device, plan: Plan, work: Sequence[Work]
) -> list[Session]:
    """The stored sessions of these files that a run by this plan may go on from: same device, loop,
    versions; a host's of this machine; timed beside the reference of now, where there is one."""
    info, asked = device.info(), {one.request: one.reference for one in work}
    return [
        s
        for s in sessions
        if s.run is not None
        and s.request in asked
        and s.schema_version in ALIKE
        and s.device == info
        and (info.unit is not None or s.machine in (None, machine()))
        and (
            s.plan.loop.mode == "memory"
            or (s.plan.loop == plan.loop and asked[s.request] in (None, s.reference))
        )
        and s.run.runtime_version == device.runtime_version(s.request.runtime)
    ]


def _weight(work: Work) -> tuple[float, str]:
    """Roughly as the time it takes: by the input's area, and the size of the file."""
    return ((work.request.size or 224) ** 2 * work.size_bytes, work.request.model)
