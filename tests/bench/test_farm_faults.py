"""Faults at random moments of a farm's work: no session is lost or doubled, and nothing hangs.

`make soak` has a hundred of them; the plain suite has those of test_farm.py.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from commands import TINY, bench_process, invoke, running
from farms import Farm, children_left, children_of, processes_of, two_nodes

from bench.sessions.record import Session
from bench.sessions.store import read_all
from bench.statistics.pooling import contended_batches, counts_of
from zoo.artifact.manifest import read_manifest, verified
from zoo.base.temporary import left_temporaries
from zoo.cluster.worker import HOMES
from zoo.home import Home
from zoo.registry import get

ROUNDS = int(os.environ.get("BENCH_FARM_FAULTS", "0"))
pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed (pip install '.[cluster]'): no faults of a farm tested",
    ),
]
MODELS = ("mnv2_unet_0.35_128", "mnv2_unet_0.35_160")
NAMED = tuple(word for name in MODELS for word in ("--model", name))
NODES, SESSIONS = 2, 40
COUNT = ("--sessions", str(SESSIONS), "--max-sessions", str(SESSIONS))
FEW = ("--runtime", "litert", "--precision", "fp32", "--rounds", "4")
COMMANDS = {
    "run": ("run", "--device", "host", "--all", "--model", TINY, *FEW, *COUNT),
    # TFLite takes long enough to be met by a fault.
    "export": ("export", *NAMED, "--format", "onnx", "--format", "tflite", "--precision", "fp32"),
}
# A node that does not answer is given up after a minute; then its work is done again.
DEADLINE_S = 240.0
LATEST_S = 15.0
Command = subprocess.Popen[str]


def a_node_dies(farm: Farm, command: Command) -> None:
    farm.kill_second()


def the_head_dies(farm: Farm, command: Command) -> None:
    farm.kill_first()


def a_process_dies(farm: Farm, command: Command) -> None:
    """Any of the commands that run for it, or of what they export with."""
    while not (found := children_of(farm)):
        assert command.poll() is None, "nothing ran on the nodes"
        time.sleep(0.1)
    with suppress(psutil.Error):
        random.choice(found).kill()


def a_node_stalls(farm: Farm, command: Command) -> None:
    """As where its network does for some seconds."""
    stopped = processes_of(farm.second)
    for signal_number, then_s in ((signal.SIGSTOP, random.uniform(1, 8)), (signal.SIGCONT, 0.0)):
        for process in stopped:
            with suppress(psutil.Error):
                process.send_signal(signal_number)
        time.sleep(then_s)


def the_caller_is_killed(farm: Farm, command: Command) -> None:
    command.kill()


def the_caller_is_interrupted(farm: Farm, command: Command) -> None:
    command.send_signal(signal.SIGINT)


FAULTS: tuple[Callable[[Farm, Command], None], ...] = (
    a_node_dies,
    the_head_dies,
    a_process_dies,
    a_node_stalls,
    the_caller_is_killed,
    the_caller_is_interrupted,
)
THE_CALLER = (the_caller_is_killed, the_caller_is_interrupted)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_fault_loses_no_session_doubles_none_and_leaves_nothing(
    number: int, shipped: Home, home: Home, tmp_path: Path
) -> None:
    random.seed(number)
    fault, name = FAULTS[number % len(FAULTS)], random.choice(list(COMMANDS))
    if name == "run":
        shutil.copytree(shipped.root, home.root, dirs_exist_ok=True)
    else:
        invoke("weights", "take", *NAMED)
    with two_nodes(tmp_path / "user") as farm:
        words = (*COMMANDS[name], "--ray", farm.address)
        with running(bench_process(home, *words)) as command:
            after_s = random.uniform(0.5, LATEST_S)
            time.sleep(after_s)
            assert command.poll() is None, "it ended before the fault"
            before = {session.id for session in read_all(home).sessions}
            fault(farm, command)
            told, _ = command.communicate(timeout=DEADLINE_S)
        print(f"{number}: {fault.__name__} of {name} after {after_s:.1f} s: {command.returncode}")
        assert "Traceback" not in told, told
        # What the other node has done before the head is given up is done.
        if fault is the_head_dies and command.returncode != 0:
            assert command.returncode in (1, 3), told
            assert "does not answer any more" in told or "its worker was lost" in told, told
        if name == "run" and command.returncode == 0:
            assert len([s for s in read_all(home).sessions if s.timed]) >= NODES * SESSIONS
        _check_sessions(home, before)
        if name == "export":
            _check_files(home, command, told, ended=fault in THE_CALLER)
    assert children_left(farm) == []


def _check_files(home: Home, command: Command, told: str, *, ended: bool) -> None:
    """Every file is there, or said not to be. ended: whether the caller itself was."""
    manifests = {model: read_manifest(home, get(model)) for model in MODELS}
    missing = [model for model in MODELS if "onnx.fp32" not in manifests[model].artifacts]
    for model in set(MODELS) - set(missing):
        verified(home, get(model), manifests[model].artifacts["onnx.fp32"])
    if not ended:
        assert (command.returncode == 0) == (not missing), told
        undone = [line for line in told.splitlines() if line.startswith("not done: ")]
        assert all(model in " ".join(undone) for model in missing), told


def _check_sessions(home: Home, before: set[str]) -> None:
    stored = read_all(home)
    assert stored.problems == ()
    ids = [session.id for session in stored.sessions]
    assert len(set(ids)) == len(ids)
    places = [(s.batch, s.round, s.position, s.request) for s in stored.sessions]
    assert len(set(places)) == len(places)
    assert before <= set(ids)
    # One that was measured once more would be one too many. Of cores that others used meanwhile, a
    # run goes on until it has as many passes of one load.
    timed = Counter(s.request for s in stored.sessions if s.timed)
    if not _contended_at_times(stored.sessions):
        assert all(count <= NODES * SESSIONS for count in timed.values()), timed


def _contended_at_times(sessions: Sequence[Session]) -> bool:
    """Whether a run's cores were contended by what it had measured at any of its passes."""
    batches: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for session in sorted(sessions, key=lambda one: one.started_at):
        batches[session.batch].append(counts_of(session))
    return any(
        contended_batches(counts[:end])[batch]
        for batch, counts in batches.items()
        for end in range(1, len(counts) + 1)
    )


@pytest.mark.skipif(not ROUNDS, reason="no faults were made (BENCH_FARM_FAULTS)")
def test_what_killed_workers_left_is_cleared_away_by_the_next(
    shipped: Home, home: Home, tmp_path: Path
) -> None:
    shutil.copytree(shipped.root, home.root, dirs_exist_ok=True)
    with two_nodes(tmp_path / "user") as farm:
        few = ("--sessions", "1", "--max-sessions", "1")
        words = (*COMMANDS["run"], *few, "--ray", farm.address)
        with running(bench_process(home, *words)) as command:
            told, _ = command.communicate(timeout=DEADLINE_S)
        assert command.returncode == 0, told
    assert left_temporaries(HOMES) == []
