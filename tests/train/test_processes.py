"""Several processes train one variant as one would."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commands import TINY, TRAIN, Chain, invoke

from train.config import TrainConfig
from train.loader import EpochBatches
from train.processes import Processes
from zoo.base.errors import RecipeError
from zoo.checkpoint import checkpoint_path, read_record
from zoo.home import Home
from zoo.registry import get


def test_together_they_see_the_batches_of_one() -> None:
    config = TrainConfig(epochs=1, batch_size=6)
    sizes = (128, 160)
    alone = list(EpochBatches(20, config, sizes, Processes()))
    shares = [list(EpochBatches(20, config, sizes, Processes(rank=r, count=3))) for r in range(3)]
    for batch, *parts in zip(alone, *shares, strict=True):
        assert sorted(batch) == sorted(key for part in parts for key in part)
        assert {len(part) for part in parts} == {2}
        assert len({key.size for key in batch}) == 1
    assert {batch[0].size for batch in alone[:2]} == set(sizes)


def test_a_batch_that_can_not_be_shared_is_refused() -> None:
    with pytest.raises(RecipeError, match="shared by 3 processes"):
        EpochBatches(20, TrainConfig(epochs=1, batch_size=16), [128], Processes(rank=0, count=3))


def test_two_processes_by_the_launcher(home: Home, portraits: Path, chain: Chain) -> None:
    invoke("data", "folder", str(portraits), "--name", "drawn")
    programs = Path(sys.executable).parent
    launcher = f"{programs}/torchrun --standalone --nproc-per-node 2 --no-python".split()
    environment = os.environ | {"BENCH_HOME": str(home.root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launcher, f"{programs}/bench", *TRAIN],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("begins from") == 1
    path = checkpoint_path(home, get(TINY))
    record = read_record(path)
    alone = read_record(checkpoint_path(chain.home, get(TINY)))
    assert (record.processes, alone.processes) == (2, 1)
    assert record.model_copy(
        update={"processes": 1, "validation_iou": alone.validation_iou, "epoch": alone.epoch}
    ) == alone.model_copy(update={"threads": record.threads})
    # A few portraits and epochs: seeds differ by some points too.
    assert record.validation_iou == pytest.approx(alone.validation_iou, abs=0.15)
    assert "trained already" in invoke(*TRAIN).output


def test_processes_with_other_threads_are_told_how_to_agree(drawn: Home) -> None:
    programs = Path(sys.executable).parent
    words = shlex.join([str(programs / "bench"), *TRAIN[:5], "--recipe", "quick"])
    launcher = f"{programs}/torchrun --standalone --nproc-per-node 2 --no-python".split()
    done = subprocess.run(
        [*launcher, "sh", "-c", f"{words} --cores $((RANK + 1))"],
        env=os.environ | {"BENCH_HOME": str(drawn.root)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode != 0
    assert "process 1 of 2 differs from the first: threads" in done.stderr
    assert "--cores N" in done.stderr
