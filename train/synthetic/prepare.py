"""Draws a data set of synthetic portraits, on all the cores, into the form all data sets have."""

from __future__ import annotations

import io
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from train.data.dataset import PALETTE, Dataset, SplitName
from train.data.prepare import Labelled, prepare
from train.synthetic.scene import portrait
from zoo.base.errors import DataError, MissingStep
from zoo.base.files import sha256_of, sha256_of_json
from zoo.home import Home

NAME = "synthetic"
JPEG_QUALITY = 92
# Validation portraits are counted from here, so that more for training change none of them.
_FIRST_VALIDATION_INDEX = 10_000_000
_CHUNK = 16


def prepare_synthetic(home: Home, train: int, validation: int, seed: int) -> Dataset:
    """`data/synthetic` of so many portraits; the one that is there if it is of the same kind."""
    rule = f"drawn from seed {seed}: {train} train, {validation} validation"
    sources = {"train.synthetic": _code_sha256()}
    try:
        dataset = Dataset.open(home, NAME)
        if (dataset.record.rule, dataset.record.sources) == (rule, sources):
            return dataset
    except (MissingStep, DataError):
        pass
    return prepare(home, NAME, rule, sources, _drawn(train, validation, seed))


def _drawn(train: int, validation: int, seed: int) -> Iterator[Labelled]:
    wanted: list[tuple[SplitName, int]] = [("train", index) for index in range(train)]
    wanted += [("validation", index) for index in range(validation)]
    # Spawned, not forked: torch's threads may be running already.
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=spawning) as pool:
        yield from pool.map(partial(labelled_portrait, seed), wanted, chunksize=_CHUNK)


def labelled_portrait(seed: int, which: tuple[SplitName, int]) -> Labelled:
    """Portrait number `which[1]` of a split, encoded."""
    split, index = which
    first = _FIRST_VALIDATION_INDEX if split == "validation" else 0
    image, labels = portrait(seed, first + index)
    mask = Image.fromarray(np.array(PALETTE, dtype=np.uint8)[labels])
    return Labelled(
        id=f"{split}_{index:06}",
        person=None,
        split=split,
        image=_encoded(image, "JPEG", quality=JPEG_QUALITY),
        mask=_encoded(mask, "PPM"),
        source=f"portrait of seed {seed}",
    )


def _encoded(image: Image.Image, format: str, **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=format, **options)
    return stream.getvalue()


def _code_sha256() -> str:
    """Of the sources that draw, so that a new version draws anew."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return sha256_of_json({path.name: sha256_of(path) for path in sources})
