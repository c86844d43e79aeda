"""The card of a width's weights: data, recipe, IoU, and what may be done with them."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from train.data.dataset import Dataset
from train.data.people import NOT_IN_TRAIN, by_people
from zoo.artifact.iou import ImageCounts, mean_interval, pooled_interval
from zoo.checkpoint import CheckpointRecord

RIGHTS = """## What may be done with it

The code is under the MIT licence. The weights were learned from Labeled Faces in the Wild and its
part labels: photographs of real people, collected from the news and published for research. Who
may use weights learned from them, and for what, differs by country and is not settled by us. Ask
your lawyer, before a product ships with them: whether the licence of the photographs (which stays
with those who took them) and the terms of the data set reach the weights; whether the first
weights, learned from ImageNet, do; whether what they were trained on counts as personal or
biometric data where you are; and whether the people in it are like the people in front of your
camera: they were in the news of the early 2000s, most of them men, most of them light-skinned.

The way round is a training of your own, on photographs that you have the right to use; it takes
the same commands: `bench data folder DIR --name mine`, then `bench train --data mine`.
"""


def card(
    records: Sequence[CheckpointRecord], counts: Sequence[Sequence[ImageCounts]], dataset: Dataset
) -> str:
    """Markdown of the sizes of one width."""
    first = records[0]
    spec = first.spec
    rows = "\n".join(
        _row(record, each, dataset) for record, each in zip(records, counts, strict=True)
    )
    recipe = yaml.safe_dump(first.config, sort_keys=False).strip()
    threads = "1 thread" if first.threads == 1 else f"{first.threads} threads"
    return f"""# {spec.arch} at width {spec.width}: hair segmentation

Sizes {", ".join(str(size) for size in first.trained_sizes)}; kernels shared by all sizes, batch
norms and biases each size's own. Input RGB in 0..1, output the probability of hair.

## Data

{first.split.dataset}: {first.split.train_images} photographs trained on,
{first.split.validation_images} to measure ({first.split.rule}; split
`{first.split.sha256[:8]}`). Nothing was chosen by the validation images but the recipe.

## IoU

Of the ONNX fp32 file exported from these very weights, hair against all else, pooled over the
validation images at the labels' own size, threshold 0.5, with the 95 % interval over images; the
mean of each image's own IoU; and pooled over the people of whom no photograph was trained on.

| model | IoU [95 %] | per-image mean | people not in train |
|---|---|---|---|
{rows}

Labels are made of superpixels: differences of half a point are within their noise.

## Training

First weights: {first.init.kind} ({first.init.source}, SHA-256 `{(first.init.sha256 or "")[:12]}`).
{_teachers(first)}Seed {first.config["seed"]}, {first.epoch} epochs, {threads}, {first.autocast}.

```yaml
{recipe}
```

{RIGHTS}"""


def _teachers(record: CheckpointRecord) -> str:
    """A line where there were any."""
    if not record.teachers:
        return ""
    named = ", ".join(f"{each.model} (SHA-256 `{each.sha256[:12]}`)" for each in record.teachers)
    return f"Teachers, beside the labels: {named}.\n"


def _row(record: CheckpointRecord, counts: Sequence[ImageCounts], dataset: Dataset) -> str:
    groups = {group.name: group.iou for group in by_people(dataset, counts).groups}
    strangers = groups.get(NOT_IN_TRAIN)
    cells = [
        record.model,
        pooled_interval(counts).text,
        mean_interval(counts).text,
        strangers.text if strangers else "not known",
    ]
    return f"| {' | '.join(cells)} |"
