"""Finds an external program and asks it one thing; whatever goes wrong with it is an answer too."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

# A version line is short; a program that never stops printing must not fill the memory.
KEPT_BYTES = 16_384
KEPT_COLUMNS = 160


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where programs are looked for. system: as `sys.platform`; environment: with its PATH, and
    given to the programs; deadline_s: what one program may take in all."""

    system: str = sys.platform
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    deadline_s: float = 3.0

    def find(self, names: Iterable[str]) -> str | None:
        """The first that can be run, else the first that is there at all, else None."""
        choices, path = list(names), self.environment.get("PATH", "")
        for mode in (os.F_OK | os.X_OK, os.F_OK):
            found = (shutil.which(name, mode=mode, path=path) for name in choices)
            if first := next(filter(None, found), None):
                return first
        return None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a program said: the part that was asked for, or the problem and what may mend it."""

    said: str | None = None
    problem: str = ""
    remedy: str = ""


def ask(machine: Machine, command: Sequence[str], pattern: str) -> Answer:
    """The first group of `pattern` in what `command` prints. Never raises.

    The command is a list, no shell reads it, and past the deadline it is killed with its children.
    """
    remedy = f"see it yourself: {shlex.join(command)}"
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=machine.environment,
            start_new_session=True,
        )
    except PermissionError:
        return Answer(
            problem=f"{command[0]} is not executable",
            remedy=f"chmod +x {shlex.quote(command[0])}",
        )
    except OSError as error:
        return Answer(problem=f"{command[0]} cannot be started: {error.strerror}", remedy=remedy)
    printed, ended = _watch(process, machine.deadline_s)
    if not ended:
        problem = f"{command[0]} did not end within {machine.deadline_s:g} s"
    elif process.returncode != 0:
        complaint = _first_line(printed, command[0])
        problem = f"{command[0]} {_ending(process.returncode)}: {complaint}"
    elif match := re.search(pattern, printed, re.MULTILINE):
        return Answer(said=match[1])
    else:
        problem = f"{command[0]} gives no version: {_first_line(printed, command[0])}"
    return Answer(problem=problem, remedy=remedy)


def _watch(process: subprocess.Popen[bytes], deadline_s: float) -> tuple[str, bool]:
    """What was printed, and whether the process ended by itself."""
    assert process.stdout
    kept = bytearray()
    reader = threading.Thread(target=_drain, args=(process.stdout, kept), daemon=True)
    reader.start()
    try:
        process.wait(timeout=deadline_s)
        ended = True
    except subprocess.TimeoutExpired:
        # It may have ended just now; macOS then refuses.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        ended = False
    # A server left behind by the program may hold the pipe open for ever.
    reader.join(timeout=0.2)
    return _shown(bytes(kept)), ended


def _drain(stream: IO[bytes], kept: bytearray) -> None:
    with stream:
        while piece := os.read(stream.fileno(), 4096):
            kept += piece[: KEPT_BYTES - len(kept)]


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    names = {member.value: member.name for member in signal.Signals}
    return f"died by {names.get(-status, f'signal {-status}')}"


def _shown(printed: bytes) -> str:
    """Lines that any terminal can show: no colours, no control characters, ASCII."""
    lines = printed.decode("ascii", errors="replace").splitlines()
    shown = ("".join(c if c.isascii() and c.isprintable() else "?" for c in line) for line in lines)
    return "\n".join(line[:KEPT_COLUMNS] for line in shown)


def _first_line(printed: str, program: str) -> str:
    """Without the program's own name, which many put first."""
    line = printed.strip().partition("\n")[0].removeprefix(f"{program}: ").strip()
    return f"'{line}'" if line else "it printed nothing"
