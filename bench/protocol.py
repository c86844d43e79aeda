"""Measures artifacts on a device: one session after another, each a fresh process.

Now: a fixed count of warm-up inferences and of samples, in burst mode. What stops a session by
its own interval, camera cadence and sustained runs belongs here too, and is not there yet.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.record import Failure, Plan, Session
from devices.base import Device, RawRun, RunRequest
from zoo.errors import SessionFailed
from zoo.provenance import commit


@dataclass(frozen=True, kw_only=True)
class Work:
    """One artifact to be measured; `done` sessions of it are stored already."""

    request: RunRequest
    artifact: Path
    done: int = 0


def schedule(work: Sequence[Work], plan: Plan) -> list[Work]:
    """Every piece of work once a round until it has its sessions, each round shuffled anew."""
    generator = random.Random(plan.seed)
    rounds = [generator.sample(work, len(work)) for _ in range(plan.sessions)]
    return [one for number, order in enumerate(rounds) for one in order if one.done <= number]


def measure(device: Device, work: Sequence[Work], plan: Plan) -> Iterator[Session]:
    """Sessions as they end, failed ones among them: one that fails does not stop the rest."""
    batch, info = secrets.token_hex(6), device.info()
    for position, one in enumerate(schedule(work, plan)):
        started_at = datetime.now(UTC)
        run, failure = None, None
        try:
            run = run_session(device, one, plan)
        except SessionFailed as error:
            failure = Failure(stage=error.stage, reason=error.seen)
        yield Session(
            id=secrets.token_hex(6),
            batch=batch,
            position=position,
            started_at=started_at,
            commit=commit(),
            device=info,
            request=one.request,
            plan=plan,
            run=run,
            failure=failure,
        )


def run_session(device: Device, work: Work, plan: Plan) -> RawRun:
    """Load, first inference, warm-up, samples, in one fresh process. Raises SessionFailed."""
    before = device.conditions()
    with device.open(work.request, work.artifact) as opened:
        warmup = opened.sample(plan.warmup)
        samples = opened.sample(plan.samples)
        peak, baseline = opened.memory()
        return RawRun(
            load_ns=opened.load_ns,
            first_inference_ns=opened.first_inference_ns,
            warmup_ns=tuple(warmup),
            samples_ns=tuple(samples),
            peak_memory_bytes=peak,
            baseline_memory_bytes=baseline,
            runtime_version=device.runtime_version(work.request.runtime),
            conditions_before=before,
            conditions_after=device.conditions(),
        )
