"""Sessions one after the other: on a device that holds one file, or in a mode with a time line of
its own (cadence, sustained, a camera frame, memory).

The order of a pass is shuffled; every second pass is the one before in reverse, so that steady
drift falls on all alike. A reference is among every few artifacts of a pass: what is relative to it
holds where the device as a whole grew faster or slower.
"""

from __future__ import annotations

import random
import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.sampling import series_of
from bench.sessions.record import Failure, Plan, Session
from bench.work.item import Work
from devices.base import Device
from devices.records import Loop, RawRun, Reading, RunRequest
from zoo.base.errors import SessionFailed
from zoo.base.provenance import commit, machine

# A reference session stands for the device's speed over this many others.
PER_REFERENCE = 4


def next_order(work: Sequence[Work], left: Sequence[Work], plan: Plan, number: int) -> list[Work]:
    """What pass `number` measures, in order: the artifacts that are left, and their references."""
    groups: dict[RunRequest, list[Work]] = defaultdict(list)
    for one in left:
        if one.reference is not None:
            groups[one.reference].append(one)
    references = {one.request: one for one in work}
    # Pairs of passes share a seed, and the second runs backwards.
    generator = random.Random(f"{plan.seed} {(number - 1) // 2}")
    parts = [_around(references[r], group, generator) for r, group in groups.items()]
    parts += [[one] for one in left if one.reference is None and one.request not in groups]
    generator.shuffle(parts)
    order = [one for part in parts for one in part]
    return order if number % 2 else order[::-1]


def _around(reference: Work, group: Sequence[Work], generator: random.Random) -> list[Work]:
    """The group shuffled, with the reference in the middle of every few of it."""
    shuffled = generator.sample(group, len(group))
    order = []
    for start in range(0, len(shuffled), PER_REFERENCE):
        part = shuffled[start : start + PER_REFERENCE]
        middle = (len(part) + generator.randrange(2)) // 2
        order += [*part[:middle], reference, *part[middle:]]
    return order


def one_session(
    device: Device, work: Work, plan: Plan, batch: str, number: int, position: int
) -> Session:
    """A fresh process from loading to its end; a failure is recorded."""
    started_at, run, failure = datetime.now(UTC), None, None
    # What is not timed need not wait for a quiet moment.
    settled = device.settle(0.0 if plan.loop.mode == "memory" else plan.settle_s)
    try:
        run = _run(device, work, plan.loop, settled)
    except SessionFailed as error:
        failure = failure_of(error)
    return Session(
        id=secrets.token_hex(6),
        batch=batch,
        round=number,
        position=position,
        started_at=started_at,
        commit=commit(),
        device=device.info(),
        request=work.request,
        reference=work.reference,
        plan=plan,
        own=work.own,
        machine=machine(),
        run=run,
        failure=failure,
    )


def failure_of(error: SessionFailed) -> Failure:
    """For the record."""
    return Failure(
        stage=error.stage,
        reason=error.reason,
        code=error.code,
        log=error.log,
        expected=error.expected or None,
        next=error.remedy or None,
    )


def _run(device: Device, work: Work, loop: Loop, settled: Reading) -> RawRun:
    """Raises SessionFailed."""
    before = device.conditions()
    with device.open(work.request, work.artifact) as opened:
        series = series_of(opened, loop)
        memory = opened.memory() if loop.mode == "memory" else (None, None)
        return RawRun(
            load_ns=opened.load_ns,
            first_inference_ns=opened.first_inference_ns,
            series=series,
            peak_memory_bytes=memory[0],
            baseline_memory_bytes=memory[1],
            runtime_version=device.runtime_version(work.request.runtime),
            conditions_before=before
            | {"settled": settled}
            | dict(opened.readings)
            | dict(work.readings),
            conditions_during=opened.conditions_during,
            conditions_after=device.conditions(),
            program_sha256=opened.program_sha256,
            fallback=opened.fallback,
            settings=opened.settings,
        )
