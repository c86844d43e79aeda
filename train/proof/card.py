"""The card of a width's weights: data, recipe, IoU, and what may be done with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from train.data.dataset import Dataset
from train.data.people import strangers
from zoo.artifact.iou import ImageCounts, mean_interval, pooled_interval
from zoo.checkpoint import CheckpointRecord

# What is known of the rights in a data set, by its name.
SETS = {
    "lfw": """\
**Labeled Faces in the Wild** and its part labels: photographs of people in the news of the early
2000s, collected from the web and published for research. Their rights stay with those who took
them. We found no licence that its authors give. Most of the people are men, most light-skinned.""",
    "figaro1k": """\
**Figaro-1k**: photographs of hair of seven kinds from the web, with masks drawn by hand, published
for research (Muhammad and others, 2018). Its page and its paper, as far as we saw them, state no
licence. They do not say who the people are.""",
}
SUPERPIXELS = """\
LFW's labels are made of superpixels: differences of half a point are within their noise."""
OTHERS = "**{}**: whoever prepared it knows its terms."

RIGHTS = """## What may be done with it

The code is under the MIT licence. The weights were learned from photographs of real people:

{sets}

Who may use weights learned from them, and for what, differs by country and is not settled by us.
Ask your lawyer, before a product ships with them: whether the rights in the photographs and the
terms of each data set reach the weights; whether the first weights, learned from ImageNet, do;
whether what they were trained on counts as personal or biometric data where you are; and whether
the people in it are like the people in front of your camera.

The way round is a training of your own, on photographs that you have the right to use; it takes
the same commands: `bench data folder DIR --name mine`, then
`bench train --model NAME --data mine`.
"""


def card(
    records: Sequence[CheckpointRecord], counts: Sequence[Sequence[ImageCounts]], dataset: Dataset
) -> str:
    """Markdown of the sizes of one width."""
    first = records[0]
    spec = first.spec
    rows = "\n".join(
        row
        for record, each in zip(records, counts, strict=True)
        for row in _rows(record, each, dataset)
    )
    recipe = yaml.safe_dump(first.config, sort_keys=False).strip()
    threads = "1 thread" if first.threads == 1 else f"{first.threads} threads"
    names = sorted(first.split.parts or [first.split.dataset])
    sets = "\n\n".join(SETS.get(name, OTHERS.format(name)) for name in names)
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

| model | data set | images | IoU [95 %] | per-image mean | people not in train |
|---|---|---|---|---|---|
{rows}

{SUPERPIXELS if "lfw" in names else ""}

## Training

First weights: {first.init.kind} ({first.init.source}, SHA-256 `{(first.init.sha256 or "")[:12]}`).
{_teachers(first)}Seed {first.config["seed"]}, {first.epoch} epochs, {threads}, {first.autocast}.

```yaml
{recipe}
```

{RIGHTS.format(sets=sets)}"""


def _teachers(record: CheckpointRecord) -> str:
    """A line where there were any."""
    if not record.teachers:
        return ""
    named = ", ".join(f"{each.model} (SHA-256 `{each.sha256[:12]}`)" for each in record.teachers)
    return f"Teachers, beside the labels: {named}.\n"


def _rows(
    record: CheckpointRecord, counts: Sequence[ImageCounts], dataset: Dataset
) -> Iterator[str]:
    """One a data set that the images came from."""
    for source in sorted({one.source or "" for one in counts}):
        group = [one for one in counts if (one.source or "") == source]
        new = strangers([i for i in dataset.record.items if (i.source or "") == source])
        new_counts = [one for one in group if one.image in (new or ())]
        cells = [
            record.model,
            source or record.split.dataset,
            str(len(group)),
            pooled_interval(group).text,
            mean_interval(group).text,
            pooled_interval(new_counts).text if new_counts else "not known",
        ]
        yield f"| {' | '.join(cells)} |"
