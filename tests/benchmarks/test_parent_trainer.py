"""Images a second of our trainer against the parent project's, in one run on a quiet machine.

    BENCH_PARENT=CLONE BENCH_PARENT_PYTHON=PARENT/bin/python \
        BENCH_SELF_OUTPUT=docs/measured/archive/2026-11-26/parent-trainer.md \
        .venv/bin/python -m pytest tests/benchmarks/test_parent_trainer.py -p no:cacheprovider -s

CLONE is a clone of the parent at 13a81e2, PARENT an environment that runs it (`parent_trainer.py`
says how to make it). Ours is what train/loop.py runs; once at the zoo's own topology, once at the
parent's. Each round of ours has one of the parent's right after it, so that the machine's drift
falls on both. For a trial BENCH_PARENT_ROUNDS and BENCH_PARENT_STEPS (of the parent's, in a round)
shrink it. Photographs: LFW where it is prepared in BENCH_HOME, else synthetic portraits.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
from PIL import Image
from self_figures import Figure
from torch import Tensor

from train.config import load_recipe
from train.data.dataset import PALETTE, RECORD, Dataset
from train.loader import EpochBatches, TrainingImages, batches
from train.loop import ALONE, Way
from train.memory import keep_freed_memory
from train.sizes import build
from train.step import begin, train_step
from train.synthetic.prepare import prepare_synthetic
from zoo import registry
from zoo.home import Home

CHILD = Path(__file__).with_name("parent_trainer.py")
COMMIT = "13a81e2"
ADDRESS = "https://github.com/akirasosa/mobile-semantic-segmentation"
ROUNDS = int(os.environ.get("BENCH_PARENT_ROUNDS", "5"))
STEPS = int(os.environ.get("BENCH_PARENT_STEPS", "6"))
PHOTOGRAPHS = 500
WARM_UP_STEPS = 4
# The zoo's own topology, and the same network on both sides.
NAMES = ("mnv2_slim_unet_1.0_224", "mnv2_unet_parent_1.0_224")
# By variant: images a second of ours and of the parent's beside it, a round.
Rates: TypeAlias = dict[str, list[tuple[float, float]]]


class Ours:
    """One training by the steps of train/loop.py, of which rounds are timed."""

    def __init__(self, name: str, dataset: Dataset) -> None:
        spec, self.config = registry.get(name), load_recipe("standard")
        self.way = Way.on_this_machine(self.config, ALONE)
        torch.set_num_threads(self.way.threads)
        keep_freed_memory()
        network = build([spec]).to(memory_format=torch.channels_last)
        images = TrainingImages(dataset, self.config, [spec.size])
        self.sampler = EpochBatches(len(images), self.config, [spec.size], ALONE)
        self.loader = batches(images, self.sampler, self.way.workers)
        self.progress = begin(network, self.config, len(self.sampler), pretrained=False)
        self.joined = ALONE.joined(network, whole=True).train()

    def images_a_second(self, images: int) -> float:
        loaded, steps = self.loaded(), images // self.sampler.batch_size
        self.train(loaded, WARM_UP_STEPS)
        started = time.perf_counter()
        self.train(loaded, steps)
        seconds = time.perf_counter() - started
        loaded.close()
        return steps * self.sampler.batch_size / seconds

    def loaded(self) -> Generator[Tensor, None, None]:
        """Batches without end; workers, if any, are gone when it is closed."""
        while True:
            yield from self.loader
            self.sampler.epoch += 1

    def train(self, loaded: Iterator[Tensor], steps: int) -> None:
        now = self.progress
        for batch in islice(loaded, steps):
            train_step(self.joined, batch, self.config, now.optimizer, self.way.autocast)
            now.schedule.step()
            now.ema.update_parameters(now.network)


class Parents:
    """The parent's trainer in an interpreter of its own."""

    def __init__(self, clone: Path, python: str, photographs: Path, folder: Path) -> None:
        self.log = folder / "log"
        # Where its modules make folders of their own, beside the working one.
        working = folder / "src"
        working.mkdir()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, str(CHILD), str(clone), str(photographs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=working,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                text=True,
            )
        self.about = self.answer()
        self.batch_size: int = self.about["batch_size"]

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        assert line, f"the parent's trainer ended:\n{self.log.read_text()[-2000:]}"
        return dict(json.loads(line))

    def images_a_second(self, images: int) -> float:
        print(images // self.batch_size, file=self.process.stdin, flush=True)
        said = self.answer()
        return float(said["images"] / said["seconds"])


@pytest.fixture(scope="module")
def clone() -> Path:
    python, given = os.environ.get("BENCH_PARENT_PYTHON"), os.environ.get("BENCH_PARENT")
    if not given or not python:
        pytest.skip(
            f"no parent at hand: git clone {ADDRESS} CLONE; git -C CLONE checkout {COMMIT}; set "
            f"BENCH_PARENT=CLONE, BENCH_PARENT_PYTHON=an interpreter made as {CHILD.name} says"
        )
    if torch.cuda.is_available():
        pytest.skip("compares trainers on a CPU: CUDA_VISIBLE_DEVICES= hides the GPU")
    path = Path(given).resolve()
    changed = subprocess.run(["git", "-C", str(path), "diff", "--quiet", COMMIT, "--", "src"])
    assert not changed.returncode, f"{path}/src is not as it was: git checkout {COMMIT}"
    return path


@pytest.fixture(scope="module")
def dataset(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    home = Home.default()
    if (home.dataset("lfw") / RECORD).is_file():
        whole = Dataset.open(home, "lfw")
    else:
        whole = prepare_synthetic(Home(root=tmp_path_factory.mktemp("home")), 200, 1, 0)
    items = tuple(whole.items("train")[:PHOTOGRAPHS])
    return Dataset(whole.folder, whole.record.model_copy(update={"items": items}))


@pytest.fixture(scope="module")
def parents(
    clone: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Parents]:
    """On the very JPEG files that ours decodes; its masks are colours in a PPM."""
    photographs = tmp_path_factory.mktemp("photographs")
    for item in dataset.items("train"):
        shutil.copy(dataset.folder / item.image, photographs / f"{item.id}.jpg")
        colours = np.array(PALETTE, dtype=np.uint8)[dataset.mask(item)]
        Image.fromarray(colours).save(photographs / f"{item.id}.ppm")
    python, folder = os.environ["BENCH_PARENT_PYTHON"], tmp_path_factory.mktemp("parent")
    trainer = Parents(clone, python, photographs, folder)
    yield trainer
    trainer.process.communicate()


@pytest.fixture(scope="module")
def rounds(dataset: Dataset, parents: Parents) -> Rates:
    print(parents.about)
    images = STEPS * parents.batch_size
    trainers = {name: Ours(name, dataset) for name in NAMES}
    found: Rates = {name: [] for name in NAMES}
    for _ in range(ROUNDS):
        for name, ours in trainers.items():
            found[name].append((ours.images_a_second(images), parents.images_a_second(images)))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_our_trainer_is_twice_as_fast_as_the_parents(
    rounds: Rates, parents: Parents, dataset: Dataset, figure: Figure, name: str
) -> None:
    config, size = load_recipe("standard"), parents.batch_size
    autocast = Way.on_this_machine(config, ALONE).autocast
    ours, theirs = zip(*rounds[name], strict=True)
    label = f"training {name}, batch {config.batch_size}, {autocast}: images a second"
    figure(label, *spread(ours, "img/s"))
    beside = f"the parent's trainer beside it, batch {size}, fp32: images a second"
    figure(beside, *spread(theirs, "img/s"))
    ratios = [one / other for one, other in rounds[name]]
    images = f"{ROUNDS} rounds of {STEPS * size} images ({dataset.record.name})"
    figure(f"{name} to the parent's, {images}: ratio", *spread(ratios, ""), at_least=2)


def spread(values: Sequence[float], unit: str) -> tuple[float, str]:
    """The median, and as its unit the range over the rounds."""
    return median(values), f"{unit} [{min(values):.3g}, {max(values):.3g}]".strip()
