"""What the tool costs: `make bench-self`. Run it on a quiet machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from drawn import write_portraits
from pytest_benchmark.fixture import BenchmarkFixture
from self_figures import Figure
from torch import Tensor

from train.config import load_recipe
from train.data.dataset import Dataset
from train.data.folder import prepare_folder
from train.loader import EpochBatches, TrainingImages, batches, spare_workers
from train.memory import keep_freed_memory
from train.processes import Processes
from train.sizes import build
from train.step import make_optimizer, resolve_autocast, train_step
from zoo import registry
from zoo.artifact.manifest import Artifact
from zoo.checkpoint import CheckpointRecord, Init, checkpoint_path, save
from zoo.export.run import export
from zoo.export.targets import TARGETS
from zoo.home import Home

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(root=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def dataset(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Portraits as large as LFW's photographs."""
    folder = write_portraits(tmp_path_factory.mktemp("drawn") / "all", 600, side=250)
    return prepare_folder(home, folder, "drawn")


@pytest.mark.parametrize(
    ("name", "steps", "rounds", "bound"),
    [("mnv2_slim_unet_0.35_128", 20, 4, 0.85), ("mnv2_slim_unet_1.0_224", 5, 3, 0.90)],
)
def test_training_is_not_held_up_by_its_loader(
    dataset: Dataset, figure: Figure, name: str, steps: int, rounds: int, bound: float
) -> None:
    spec, config = registry.get(name), load_recipe("standard")
    cores = os.cpu_count() or 1
    workers = spare_workers(cores)
    torch.set_num_threads(cores - workers)
    keep_freed_memory()
    network = build([spec]).train()
    network = network.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(network, config, pretrained=False)
    autocast = resolve_autocast(config, torch.device("cpu"))
    images = TrainingImages(dataset, config, [spec.size])
    sampler = EpochBatches(len(images), config, [spec.size], Processes())
    loaded = iter(batches(images, sampler, workers))
    fixed = next(loaded).clone()

    def seconds(next_batch: Callable[[], Tensor]) -> float:
        started = time.perf_counter()
        for _ in range(steps):
            train_step(network, next_batch(), config, optimizer, autocast)
        return time.perf_counter() - started

    def reload() -> Tensor:
        nonlocal loaded
        batch: Tensor | None = next(loaded, None)
        if batch is None:
            loaded = iter(batches(images, sampler, workers))
            batch = next(loaded)
        return batch

    seconds(lambda: fixed)
    fed, alone = [], []
    for _ in range(rounds):
        # The worker runs ahead during the steps on the fixed batch; drain what it made.
        alone.append(seconds(lambda: fixed))
        for _ in range(5):
            train_step(network, reload(), config, optimizer, autocast)
        fed.append(seconds(reload))
    images_per_second = steps * config.batch_size * rounds / sum(fed)
    figure(f"training {name}: images a second", images_per_second, "img/s")
    share = sum(alone) / sum(fed)
    figure(f"training {name}: share of the step on a fixed batch", share, "", at_least=bound)


def test_all_formats_of_the_largest_variant_export_in_time(
    home: Home, dataset: Dataset, figure: Figure
) -> None:
    spec = registry.get("mnv2_slim_unet_1.0_224")
    record = CheckpointRecord(
        model=spec.name,
        config=load_recipe("quick").model_dump(mode="json"),
        init=Init(kind="random"),
        split=dataset.split(),
        threads=1,
        autocast="fp32",
        epoch=1,
        validation_iou=0.5,
        tools={},
    )
    save(checkpoint_path(home, spec), registry.build(spec), record)
    started = time.perf_counter()
    converted = [target for target in TARGETS if target.made_from is None]
    made = export(home, [(spec, target) for target in converted], jobs=os.cpu_count() or 1)
    outcomes = {target: outcome for _, target, outcome in made}
    duration_s = time.perf_counter() - started
    assert all(isinstance(outcome, Artifact) for outcome in outcomes.values()), outcomes
    figure(f"export {spec.name}, {len(converted)} files", duration_s, "s", at_most=60)


TRAIN_AND_TELL = """
import os, resource, sys
from pathlib import Path
from train.config import load_recipe
from train.data.dataset import Dataset
from train.init.first_weights import choose_first_weights
from train.loader import spare_workers
from train.loop import train
from train.settings import Settings
from zoo.home import Home
from zoo.registry import get

home, spec = Home(root=Path(sys.argv[1])), get("mnv2_slim_unet_1.0_224")
config = load_recipe("standard").model_copy(update={"epochs": 1, "batch_size": 16})
dataset = Dataset.open(home, "small")
first = choose_first_weights(spec, "random", home.encoders)
settings = Settings(specs=(spec,), config=config, dataset=dataset, first_weights=first)
train(settings, home)
# Without workers the only children are programs that were started, not part of the training.
children = [resource.RUSAGE_CHILDREN] if spare_workers(os.cpu_count()) else []
who = [resource.RUSAGE_SELF, *children]
print(sum(resource.getrusage(w).ru_maxrss for w in who) * 1024)
"""


def test_memory_of_training_the_largest_variant(home: Home, figure: Figure, tmp_path: Path) -> None:
    prepare_folder(home, write_portraits(tmp_path / "small", 100, side=250), "small")
    done = subprocess.run(
        [sys.executable, "-c", TRAIN_AND_TELL, str(home.root)],
        capture_output=True,
        text=True,
        check=True,
    )
    peak_gb = int(done.stdout.split()[-1]) / 1e9
    figure("peak memory of training mnv2_slim_unet_1.0_224, batch 16", peak_gb, "GB", at_most=4)


def test_help_is_quick(benchmark: BenchmarkFixture, figure: Figure) -> None:
    program = [str(Path(sys.executable).parent / "bench"), "--help"]
    quiet = {"capture_output": True}
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        subprocess.run, args=(program,), kwargs=quiet, rounds=10
    )
    assert benchmark.stats
    figure("bench --help, median", benchmark.stats.stats.median, "s", at_most=0.5)
