"""Child processes that end with the process that started them, however it ends.

A child's standard input is a pipe that nobody ever writes to. Its parent holds the other end, so
that the pipe's end tells the child that there is no parent any more.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# How long a child may take to leave what it works on: adb gives a phone up after 20 s.
GRACE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A Python program to run as a child. words: what follows the interpreter: `-m`, a module, its
    arguments; environment: what differs from ours; folder: the working folder, ours by default;
    answers: whether its standard output is told, beside its errors."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    answers: bool = True


@dataclass(frozen=True, kw_only=True)
class Said:
    """A line that the job of this name printed."""

    name: str
    line: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The job of this name ended; problem: why it did not end well. killed: by a signal."""

    name: str
    problem: str | None = None
    killed: bool = False


@contextmanager
def lifeline() -> Iterator[int]:
    """What a child takes as its standard input. It ends with the block, or with this process."""
    end, held = os.pipe()
    try:
        yield end
    finally:
        os.close(end)
        os.close(held)


def end_with_parent() -> None:
    """End this process as soon as its lifeline does: at once, or where it handles SIGTERM, as soon
    as it has left a phone as it was. To be called first of all in a child."""
    threading.Thread(target=_await_the_end, daemon=True).start()


def _await_the_end() -> None:
    os.read(0, 1)
    # Nobody hears it any more, and to be ended by a broken pipe would leave a phone as it is.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


def run_jobs(jobs: Iterable[Job], at_once: int) -> Generator[Said | Ended]:
    """Run the jobs, so many at once, and tell what happens as it happens.

    One that fails stops no other. Where the caller stops listening, all of them are ended.
    """
    with closing(watched_jobs(jobs, at_once, None)) as events:
        for event in events:
            if event is not None:
                yield event


def watched_jobs(
    jobs: Iterable[Job], at_once: int, quiet_s: float | None
) -> Generator[Said | Ended | None]:
    """As `run_jobs`, with a None whenever nothing was told for `quiet_s`."""
    waiting, running = deque(jobs), dict[str, subprocess.Popen[str]]()
    events: queue.SimpleQueue[Said | Ended] = queue.SimpleQueue()
    with lifeline() as end:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    job = waiting.popleft()
                    running[job.name] = _start(job, end)
                    told = (job.name, running[job.name], events)
                    threading.Thread(target=_follow, args=told, daemon=True).start()
                try:
                    event = events.get(timeout=quiet_s)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(event, Ended):
                    del running[event.name]
                yield event
        finally:
            for process in running.values():
                process.terminate()
            for process in running.values():
                _await_its_end(process)


def _await_its_end(process: subprocess.Popen[str]) -> None:
    """It was asked to end: by SIGKILL where it does not."""
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start(job: Job, end: int) -> subprocess.Popen[str]:
    # -P: the working folder may hold a folder named like one of ours.
    return subprocess.Popen(
        [sys.executable, "-P", *job.words],
        stdin=end,
        stdout=subprocess.PIPE if job.answers else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if job.answers else subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1", **job.environment},
        cwd=job.folder,
        # Ctrl-C is for us to pass on. Ray kills a worker's process group before a child in it can
        # leave a phone as it was.
        start_new_session=True,
    )


def _follow(
    name: str, process: subprocess.Popen[str], events: queue.SimpleQueue[Said | Ended]
) -> None:
    told = process.stdout or process.stderr
    assert told
    lines = deque[str](maxlen=20)
    with told:
        for line in told:
            if line.strip():
                lines.append(line)
                events.put(Said(name=name, line=line.rstrip()))
    status = process.wait()
    problem = f"{ending(status)}: {last_line(lines)}" if status else None
    events.put(Ended(name=name, problem=problem, killed=status < 0))


def ending(status: int) -> str:
    """How a process ended that did not end well, by its status."""
    if status < 0:
        return f"died by {signal.Signals(-status).name}"
    return f"failed with status {status}"


def last_line(lines: Iterable[str]) -> str:
    """What a process said last. Of an error of ours the seen, not what stands indented below it."""
    said = [line.rstrip() for line in lines if line.strip()]
    heads = [line for line in said if not line[0].isspace()]
    return (heads or said or ["it printed nothing"])[-1].strip()[:300]


def threads_here() -> int:
    """How many threads what is run here may take: as OMP_NUM_THREADS says, which Ray sets for each
    of its workers, else one a core. More of them than cores wait for each other, and spin."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else os.cpu_count() or 1


def share_of_cores(jobs: int) -> int:
    """How many of this machine's cores fall to each of so many jobs side by side."""
    return max((os.cpu_count() or 1) // jobs, 1)
