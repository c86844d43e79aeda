"""The reference interpreter beside torch: its time, and what halves in another order could do.

    BENCH_SELF_HOME=HOME BENCH_SELF_OUTPUT=docs/measured/precision/mil-reference.md \\
        .venv/bin/python -m pytest tests/benchmarks/test_mil_reference.py -p no:cacheprovider -s

Both run the same images in turns, at the same threads and batch. Masks are compared over 100
photographs of HOME's LFW validation split, else over drawn portraits: the package's sums in fp32
beside the same sums rounded to fp16 after every 8, 32 or 128 input channels. What is seen is no
bound. BENCH_SELF_MODEL: another variant.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from exported import write_exports
from self_figures import Figure

from train.data.dataset import Dataset
from train.evaluate import torch_predictor
from train.synthetic.scene import portrait
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.preprocess import THRESHOLD, Float32
from zoo.registry import get
from zoo.resizing import to_input
from zoo.runtime.mil_reference import MilReferenceModel

SPEC = get(os.environ.get("BENCH_SELF_MODEL", "mnv2_slim_unet_0.5_224"))
TURNS, IMAGES = 30, 100
CHUNKS = (8, 32, 128)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """With the weights of the package and photographs, or else without either."""
    if own := os.environ.get("BENCH_SELF_HOME"):
        return Home(root=Path(own))
    home = Home(root=tmp_path_factory.mktemp("home"))
    write_exports(home, [SPEC.name], ["coreml"], ["fp32", "fp16"])
    return home


def images_of(home: Home) -> list[Float32]:
    if not (home.root / "data/lfw").is_dir():
        return [to_input(portrait(0, number)[0], SPEC.size) for number in range(IMAGES)]
    dataset = Dataset.open(home, "lfw")
    chosen = dataset.items("validation")[:IMAGES]
    return [to_input(dataset.photograph(item), SPEC.size) for item in chosen]


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_time(home: Home, precision: str, batch: int, figure: Figure) -> None:
    threads = os.cpu_count() or 1
    package = MilReferenceModel(home.artifact(SPEC, "coreml", precision), threads)
    network, _ = load(checkpoint_path(home, SPEC))
    eager, images = torch_predictor(network), np.concatenate(images_of(home)[:batch])
    ratios = []
    for _ in range(TURNS):
        ours = seconds(lambda: package.predict(images))
        ratios.append(ours / seconds(lambda: eager(images)))
    name = f"{SPEC.name} {precision}, batch {batch}, {threads} threads: time / torch's in fp32"
    figure(name, median(ratios), "", at_most=3)


def test_sums_in_halves(home: Home, figure: Figure) -> None:
    threads, path = os.cpu_count() or 1, home.artifact(SPEC, "coreml", "fp16")
    images = images_of(home)
    exact = masks(MilReferenceModel(path, threads), images)
    for chunk in CHUNKS:
        other = masks(MilReferenceModel(path, threads, chunk), images)
        name = f"{SPEC.name} fp16, {len(images)} images, sums rounded after {chunk} channels"
        figure(f"{name}: largest difference of a mask", np.abs(exact - other).max(), "")
        sides = np.mean((exact > THRESHOLD) != (other > THRESHOLD))
        figure(f"{name}: pixels that change sides", 100 * float(sides), "%")


def masks(model: MilReferenceModel, images: Sequence[Float32]) -> Float32:
    found: Float32 = np.concatenate([model.predict(image) for image in images])
    return found
