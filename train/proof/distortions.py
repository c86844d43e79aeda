"""What a phone's photographs cost: a file's IoU on distorted validation photographs."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from train.data.dataset import CLASSES, IGNORED, Dataset, Item, SplitName
from train.distort import (
    View,
    before,
    blurred,
    compressed,
    lit,
    lit_from_side,
    low_resolution,
    noisy,
    recoloured,
    seen,
)
from train.evaluate import labelled_items
from train.proof.prove import current, runtime_for
from zoo.artifact.distortion_record import (
    PLAIN,
    DistortionRecord,
    beside_earlier,
    distortions_path,
)
from zoo.artifact.iou import ImageCounts, count
from zoo.artifact.judgement import judge
from zoo.artifact.manifest import Artifact
from zoo.artifact.sources import parted
from zoo.base.children import threads_here
from zoo.base.files import write_text
from zoo.base.progress import track
from zoo.checkpoint import checkpoint_path, read_record
from zoo.home import Home
from zoo.preprocess import scaled
from zoo.resizing import mask_at, resized
from zoo.runtime.open_model import OpenModel
from zoo.runtime.runtime import open_model
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One labelled photograph to distort. pixels: uint8 [5, H, W]: RGB, hair, and what is not
    labelled, both 0 or 255. draw: from the photograph's name, so that it is the same each time."""

    pixels: Tensor
    draw: np.random.Generator
    another: Callable[[], Tensor]

    def viewed(self, view: View) -> Tensor:
        return seen(self.pixels, view, *self.pixels.shape[-2:])

    def coloured(self, change: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.cat([change(self.pixels[:3]), self.pixels[3:]])


def _near(shot: Shot) -> Tensor:
    """Twice as near, on the hair."""
    hair = shot.pixels[3] > 127
    if not hair.any():
        return shot.viewed(View(zoom=2))
    y, x = (float(place.float().mean()) for place in torch.nonzero(hair, as_tuple=True))
    height, width = hair.shape
    x, y = (min(max(place, 0.25), 0.75) for place in (x / width, y / height))
    return shot.viewed(View(zoom=2, x=x, y=y))


def _cut_off(shot: Shot) -> Tensor:
    x, y = (float(place) for place in shot.draw.choice([1 / 3, 2 / 3], 2))
    return shot.viewed(View(zoom=1.5, x=x, y=y))


def _dyed(shot: Shot) -> Tensor:
    red, green, blue = (float(part) for part in shot.draw.permutation([0.9, 0.45, 0.15]))
    return recoloured(shot.pixels, (red, green, blue), 0.8)


def _noisy(shot: Shot) -> Tensor:
    generator = torch.Generator().manual_seed(int(shot.draw.integers(2**31)))
    return shot.coloured(lambda image: noisy(image, 18, generator))


# In the order of the table: framing, people, light, camera, file.
DISTORTIONS: Mapping[str, Callable[[Shot], Tensor]] = MappingProxyType(
    {
        PLAIN: lambda shot: shot.pixels,
        "near": _near,
        "far": lambda shot: shot.viewed(View(zoom=0.4)),
        "turned": lambda shot: shot.viewed(View(turn=float(shot.draw.choice([-25, 25])))),
        "cut-off": _cut_off,
        "background": lambda shot: before(shot.pixels, shot.another()),
        "dyed": _dyed,
        "dark": lambda shot: shot.coloured(lambda image: lit(image, 2.0, (1, 1, 1))),
        "bright": lambda shot: shot.coloured(lambda image: lit(image, 0.5, (1, 1, 1))),
        "warm": lambda shot: shot.coloured(lambda image: lit(image, 1.0, (1.3, 1.0, 0.7))),
        "cold": lambda shot: shot.coloured(lambda image: lit(image, 1.0, (0.7, 1.0, 1.3))),
        "side-light": lambda shot: shot.coloured(
            lambda image: lit_from_side(image, float(shot.draw.uniform(0, 360)), 0.5)
        ),
        "blurred": lambda shot: shot.coloured(lambda image: blurred(image, 0.015)),
        "noisy": _noisy,
        "jpeg": lambda shot: shot.coloured(lambda image: compressed(image, 10)),
        "64-pixels": lambda shot: shot.coloured(
            lambda image: low_resolution(image, min(1.0, 64 / min(image.shape[-2:])))
        ),
    }
)


def measure_distortions(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    dataset: Dataset,
    split: SplitName,
    names: Sequence[str],
) -> DistortionRecord | str:
    """The record, stored, of these distortions beside none; or why the file cannot be run.

    Raises DataError where the split holds no photographs, ArtifactError for a file that is not
    `current`.
    """
    runtime, reason = runtime_for(artifact)
    if runtime is None:
        return reason
    model = open_model(current(home, spec, artifact), runtime, threads_here())
    target = str(read_record(checkpoint_path(home, spec)).config["target"])
    chosen = list(dict.fromkeys([PLAIN, *names]))
    counts: dict[str, list[ImageCounts]] = {name: [] for name in chosen}
    items = labelled_items(dataset, split)
    for item, shot in _shots(dataset, items, target, f"{spec.name} {artifact.key}"):
        for name in chosen:
            # Each begins from the same draw, whichever others are asked for.
            drawn = replace(shot, draw=_draw(f"{name} {item.own_id}"))
            found = DISTORTIONS[name](drawn)
            counts[name].append(_counted(model, found, spec.size, item))
    whole = dataset.record.name
    plain = parted(counts[PLAIN], whole)
    record = DistortionRecord(
        model=spec.name,
        key=artifact.key,
        sha256=artifact.sha256,
        runtime=runtime,
        dataset=whole,
        split=split,
        split_sha256=dataset.record.sha256_of(split),
        images={source: len(each) for source, each in plain.items()},
        by_distortion={
            name: {
                source: judge(each, plain[source], 1.0)
                for source, each in parted(counts[name], whole).items()
            }
            for name in chosen
        },
    )
    path = distortions_path(home, spec, artifact)
    write_text(path, beside_earlier(record, path).model_dump_json(indent=1) + "\n")
    return record


def _shots(
    dataset: Dataset, items: Sequence[Item], target: str, label: str
) -> Iterator[tuple[Item, Shot]]:
    # The same photograph behind the same one, whatever the data set is joined with.
    alike: dict[str | None, list[Item]] = defaultdict(list)
    for item in items:
        alike[item.source].append(item)
    numbers = {item.id: number for of in alike.values() for number, item in enumerate(of)}
    for item in track(items, label, "images"):
        pixels, own = _pixels(dataset, item, target), alike[item.source]
        other = own[(numbers[item.id] + 1 + len(own) // 2) % len(own)]

        def another(other: Item = other, like: Tensor = pixels) -> Tensor:
            return seen(_pixels(dataset, other, target), View(), *like.shape[-2:])

        yield item, Shot(pixels=pixels, draw=_draw(item.own_id), another=another)


def _pixels(dataset: Dataset, item: Item, target: str) -> Tensor:
    image, labels = dataset.photograph(item), dataset.mask(item)
    if image.size != (item.width, item.height):
        image = image.resize((item.width, item.height), Image.Resampling.BILINEAR)
    hair, unknown = labels == CLASSES[target], labels == IGNORED
    planes = [np.asarray(image), *(plane[..., None] * np.uint8(255) for plane in (hair, unknown))]
    return torch.from_numpy(np.dstack(planes)).permute(2, 0, 1)


def _counted(model: OpenModel, pixels: Tensor, size: int, item: Item) -> ImageCounts:
    image = Image.fromarray(pixels[:3].permute(1, 2, 0).contiguous().numpy())
    found = mask_at(model.predict(scaled(resized(image, size)[None]))[0], *image.size)
    hair, known = (pixels[3] > 127).numpy(), (pixels[4] == 0).numpy()
    return count(item.id, found & known, hair & known, item.source)


def _draw(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))
