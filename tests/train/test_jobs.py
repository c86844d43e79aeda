"""Many trainings at once on one machine, each a child process of its own."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest
from commands import TINY, TRAIN, bench_process, invoke, wait_for

from zoo.base.children import Ended, Job, Said, run_jobs, watched_jobs
from zoo.base.files import sha256_of
from zoo.base.lock import locked
from zoo.checkpoint import checkpoint_path
from zoo.home import Home
from zoo.registry import get

OTHER = "mnv2_slim_unet_0.35_160"
PAIR = (*TRAIN, "--model", OTHER)
AT_ONCE = (*PAIR, "--jobs", "2")


def sha_of(home: Home, name: str) -> str:
    return sha256_of(checkpoint_path(home, get(name)))


def children_for(process_id: int, name: str) -> list[psutil.Process]:
    found = psutil.Process(process_id).children(recursive=True)
    return [child for child in found if name in child.cmdline()]


def resume_file(home: Home, name: str) -> Path:
    return home.training_folder(name) / "resume.pt"


def test_one_is_killed_and_both_end_with_the_bytes_of_one_alone(drawn: Home) -> None:
    few = ("--epochs", "6")
    process = bench_process(drawn, *AT_ONCE, *few)
    wait_for(resume_file(drawn, OTHER))
    [child] = children_for(process.pid, OTHER)
    child.send_signal(signal.SIGKILL)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 1, output
    assert f"{OTHER}: died by SIGKILL: {OTHER}" in output
    assert f"not trained: {OTHER};" in output
    assert f"{TINY}  epoch 1/" in output
    assert not checkpoint_path(drawn, get(OTHER)).exists()

    output = invoke(*AT_ONCE, *few).output
    assert f"{TINY}: trained already" in output
    assert f"{OTHER}: going on after epoch" in output
    assert invoke(*AT_ONCE, *few).output.count("trained already") == 2

    for name in (TINY, OTHER):
        found = sha_of(drawn, name)
        checkpoint_path(drawn, get(name)).unlink()
        invoke(*(name if word == TINY else word for word in TRAIN), *few)
        assert sha_of(drawn, name) == found


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_the_children_end_with_their_parent(drawn: Home, by: signal.Signals) -> None:
    process = bench_process(drawn, *AT_ONCE)
    wait_for(resume_file(drawn, TINY))
    children = [child for name in (TINY, OTHER) for child in children_for(process.pid, name)]
    assert len(children) == 2
    process.send_signal(by)
    process.communicate(timeout=60)
    assert process.returncode != 0
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    # Their locks ended with them.
    for name in (TINY, OTHER):
        with locked(drawn.training_folder(name)):
            pass


def test_the_sizes_of_a_width_are_one_child(drawn: Home) -> None:
    output = invoke(*AT_ONCE, "--together", "--epochs", "1").output
    assert output.count("mnv2_slim_unet_0.35: begins from") == 1
    assert all(f"{name}: validation IoU" in output for name in (TINY, OTHER))


def test_not_under_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "not by torchrun" in invoke(*AT_ONCE, status=2).output
    assert "not by torchrun" in invoke(*TRAIN, "--ray", "auto", status=2).output


def test_a_failing_job_stops_no_other_and_tells_what_it_said_last() -> None:
    failing = "print('Error: no data'); print('  next: bench data'); raise SystemExit(3)"
    programs = {"bad": failing, "mute": "raise SystemExit(1)", "good": "print('done')"}
    jobs = [Job(name=name, words=("-c", text)) for name, text in programs.items()]
    events = list(run_jobs(jobs, at_once=1))
    ended = [event for event in events if isinstance(event, Ended)]
    assert [(event.name, event.problem, event.killed) for event in ended] == [
        ("bad", "failed with status 3: Error: no data", False),
        ("mute", "failed with status 1: it printed nothing", False),
        ("good", None, False),
    ]
    assert Said(name="good", line="done") in events


def test_a_silent_job_is_looked_at_all_the_same() -> None:
    job = Job(name="mute", words=("-c", "import time; time.sleep(1)"))
    events = list(watched_jobs([job], 1, 0.1))
    assert events.count(None) >= 3
    assert events[-1] == Ended(name="mute")
