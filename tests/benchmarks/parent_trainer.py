"""The parent project's trainer as its repository has it at commit 13a81e2, a round at a time.

    PYTHON parent_trainer.py CLONE PHOTOGRAPHS

CLONE is a clone of it at that commit, PHOTOGRAPHS a folder of NAME.jpg and NAME.ppm (red is hair).
Says what it is as a JSON object; then reads counts of steps, one a line, and answers each by a JSON
object {"images", "seconds"} of so many, after a warm-up. It imports the parent's own run_train.py
and, through it, mobile_seg: its data module with its list of transforms and its loader, its network
and Dice loss, its optimiser and schedule, by its params/001.yaml ("default training": RAdam, fp32,
batches of 32). Nothing of it is repeated here. Of the versions that it asks for, albumentations
0.5.2, timm 0.3.1 and torch-optimizer 0.0.1a17 are used; torch, Pillow and OpenCV are of today.

PYTHON sees the torch, Pillow and pandas of our environment. For Python 3.11, ours being .venv:

    python3.11 -m venv PARENT
    echo $PWD/.venv/lib/python3.11/site-packages > PARENT/lib/python3.11/site-packages/torch.pth
    PARENT/bin/pip install dacite==1.9.2 omegaconf==2.3.0 opencv-python-headless==4.12.0.88 \
        scikit-image==0.26.0 scikit-learn==1.9.1
    PARENT/bin/pip install --no-deps albumentations==0.5.2 timm==0.3.1 \
        torch-optimizer==0.0.1a17 pytorch-ranger==0.1.1

Every bridge between the parent and today, none of which costs the parent time:

- `torch._six`, which timm 0.3.1 looks into for a name, went out of torch: put back, by that name;
- `imgaug`, which albumentations imports and this list of transforms does not use: empty;
- `pytorch_lightning`: its module is torch's, its data module an object. So the few lines of its
  loop that reach the arithmetic are ours (`Rounds.step`); its hooks and logs are left out;
- `torch.utils.tensorboard`, for those logs: empty;
- the pretrained network is asked for and made without the weights, which would be downloaded;
- its list of photographs and its split of them are replaced by PHOTOGRAPHS, all for training,
  repeated to as many as an epoch of its own on LFW: no round meets the end of one;
- the schedule asks Lightning's trainer for the number of epochs: told, from the same parameters.
"""

from __future__ import annotations

import collections.abc
import json
import os
import sys
from importlib import import_module
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

PARAMETERS = "src/params/001.yaml"
# Four fifths of the 2927 labelled photographs.
EPOCH = 2341
# By then its workers have filled their queue, as in the middle of an epoch.
WARM_UP_STEPS = 2
TOLD = ("torch", "albumentations", "timm", "torch-optimizer", "opencv-python-headless", "pillow")


class LightningModule(nn.Module):
    """What the parent's module is derived from, without Lightning."""


def stand_in(name: str, **contents: object) -> None:
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module


def stand_in_for_what_is_gone() -> None:
    """Before the parent is imported: what its imports name, and its arithmetic does not need."""
    stand_in("torch._six", container_abcs=collections.abc)
    stand_in("imgaug", augmenters=None)
    lightning = {"LightningModule": LightningModule, "LightningDataModule": object}
    stand_in("pytorch_lightning", seed_everything=None, **lightning)
    stand_in("pytorch_lightning.callbacks", ModelCheckpoint=None)
    stand_in("pytorch_lightning.loggers", TensorBoardLogger=None)
    stand_in("torch.utils.tensorboard", SummaryWriter=None)


def import_parent(clone: Path, photographs: Path) -> Any:
    """Its run_train.py, that downloads nothing and trains on `photographs`."""
    stand_in_for_what_is_gone()
    sys.path.insert(0, str(clone / "src"))
    parent: Any = import_module("run_train")
    network: Any = import_module("mobile_seg.modules.net")
    backbone = network.mobilenetv2_100

    def without_download(pretrained: bool, **options: Any) -> nn.Module:
        made: nn.Module = backbone(pretrained=False, **options)
        return made

    network.mobilenetv2_100 = without_download
    images = list(islice(cycle(sorted(photographs.glob("*.jpg"))), EPOCH))
    rows = {
        "img_path": [str(image) for image in images],
        "mask_path": [str(image.with_suffix(".ppm")) for image in images],
    }
    parent.load_df = lambda: pd.DataFrame(rows)
    parent.split_df = lambda frame, _: (frame, frame)
    return parent


class Rounds:
    """One training by the parent's parts, of which rounds are timed."""

    def __init__(self, parent: Any, parameters: Any) -> None:
        data = parent.DataModule(parameters.d)
        data.setup()
        self.loader = data.train_dataloader()
        self.batch_size: int = self.loader.batch_size
        self.module = parent.PLModule(parameters.m.to_dict()).train()
        self.module.train_dataloader = data.train_dataloader
        self.module.trainer = SimpleNamespace(max_epochs=parameters.t.epochs)
        (self.optimizer,), (schedule,) = self.module.configure_optimizers()
        self.schedule = schedule["scheduler"]

    def step(self, batch: list[Tensor]) -> None:
        """What Lightning does with a batch."""
        loss = self.module.training_step(batch, 0)["loss"]
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()

    def seconds(self, steps: int) -> float:
        """Of so many steps in the middle of an epoch; its workers are gone afterwards."""
        assert (WARM_UP_STEPS + steps) * self.batch_size <= EPOCH, "a round is longer than an epoch"
        loaded = iter(self.loader)
        for _ in range(WARM_UP_STEPS):
            self.step(next(loaded))
        started = perf_counter()
        for _ in range(steps):
            self.step(next(loaded))
        return perf_counter() - started


def main() -> None:
    clone, photographs = Path(sys.argv[1]), Path(sys.argv[2])
    # The answers alone go to standard output, whatever is imported.
    answers, sys.stdout = sys.stdout, sys.stderr
    torch.set_num_threads(os.cpu_count() or 1)
    parent = import_parent(clone, photographs)
    rounds = Rounds(parent, parent.Params.load(str(clone / PARAMETERS)))
    about = {
        "batch_size": rounds.batch_size,
        "workers": rounds.loader.num_workers,
        "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in TOLD},
    }
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        steps = int(line)
        answer = {"images": steps * rounds.batch_size, "seconds": rounds.seconds(steps)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
