"""Where a training stands after each epoch, kept so that a killed one goes on from there."""

from __future__ import annotations

import importlib.metadata
import io
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from train.history import PROGRESS_NAME, EpochRow
from train.processes import Processes
from train.sizes import SharedSizes
from zoo.artifact.iou import ImageCounts
from zoo.base.errors import WeightsError
from zoo.base.files import replacing
from zoo.base.progress import say


@dataclass(kw_only=True)
class Progress:
    """What changes while training. counts: by size, of the EMA when it was measured last."""

    network: SharedSizes
    ema: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: LambdaLR
    history: list[EpochRow] = field(default_factory=list)
    counts: dict[int, list[ImageCounts]] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    @property
    def averaged(self) -> SharedSizes:
        """The networks as they are kept: of the moving average."""
        assert isinstance(self.ema.module, SharedSizes)
        return self.ema.module


TORCH = importlib.metadata.version("torch")
# What reading a broken one raises.
BROKEN = (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError, OSError)


def save_progress(folder: Path, progress: Progress, fingerprint: dict[str, Any]) -> None:
    """Write `resume.pt` atomically."""
    state = {
        "fingerprint": fingerprint,
        "torch": TORCH,
        "network": progress.network.state_dict(),
        "ema": progress.ema.state_dict(),
        "optimizer": progress.optimizer.state_dict(),
        "schedule": progress.schedule.state_dict(),
        "history": progress.history,
        "counts": {size: [asdict(c) for c in counts] for size, counts in progress.counts.items()},
    }
    # By way of memory: torch's own writer reports a full disk as an error of its own kind.
    content = io.BytesIO()
    torch.save(state, content)
    with replacing(folder / PROGRESS_NAME) as temporary:
        temporary.write_bytes(content.getbuffer())


def load_progress(
    folder: Path, progress: Progress, fingerprint: dict[str, Any], here: Processes
) -> None:
    """Go on from `resume.pt` if it is whole and of the same settings, else start from nothing.

    Of several processes the first reads it: the others may not see its disk.
    """
    path = folder / PROGRESS_NAME
    content = here.from_first(path.read_bytes() if here.first and path.is_file() else None)
    if content is None:
        return
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        before = dict(state["fingerprint"])
        names = (before | fingerprint).keys()
        other = [name for name in names if before.get(name) != fingerprint.get(name)]
    except BROKEN as error:
        say(f"{path} cannot be read ({error}): training starts from the beginning")
        return
    if other:
        told = f"{path} is of other settings ({', '.join(other)})"
        say(f"{told}: training starts from the beginning")
        return
    try:
        _restore(progress, state)
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{path} claims to be of this training and is not: {error}",
            expected="what an earlier run of the same command left",
            remedy=f"remove it, then the same command begins anew: rm {path}",
        ) from error
    say(f"{path.parent.name}: going on after epoch {progress.epoch}")
    if (before_torch := state.get("torch", TORCH)) != TORCH:
        say(f"its epochs so far are of torch {before_torch!r}; this is {TORCH}")


def _restore(progress: Progress, state: dict[str, Any]) -> None:
    progress.network.load_state_dict(state["network"])
    progress.ema.load_state_dict(state["ema"])
    progress.optimizer.load_state_dict(state["optimizer"])
    progress.schedule.load_state_dict(state["schedule"])
    progress.history = state["history"]
    progress.counts = {
        size: [ImageCounts(**counts) for counts in each] for size, each in state["counts"].items()
    }


def drop_progress(folder: Path) -> None:
    """Remove `resume.pt`: the training is complete."""
    (folder / PROGRESS_NAME).unlink(missing_ok=True)
