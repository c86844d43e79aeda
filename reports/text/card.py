"""The card of a variant: what it is, how well and how fast each of its files is, how to feed it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from reports.gather.report import Report
from reports.gather.rows import Row
from reports.text.costs import cost_list, cost_notes, cost_rows
from reports.text.feeding import feeding
from zoo.artifact.iou import points_text, span_text
from zoo.artifact.manifest import Accuracy, Artifact, Parity, read_manifest
from zoo.artifact.neural_engine import leaving_text
from zoo.artifact.resize_record import read_resizes
from zoo.base.files import sha256_of, write_text
from zoo.checkpoint import CheckpointRecord, checkpoint_path, read_record
from zoo.complexity import complexity
from zoo.home import Home
from zoo.runtime.processor import REFERENCE
from zoo.spec import ModelSpec

LIMITS = """One person is labelled in each photograph it learned from, the face near the middle and
upright, seen from the front. Of several people, of people seen from behind, of hair under hats, and
of what a labeller would have drawn finer than superpixels, its figures say nothing."""


def card_path(home: Home, spec: ModelSpec) -> Path:
    return home.artifact_folder(spec) / "CARD.md"


def write_card(home: Home, spec: ModelSpec, report: Report) -> Path:
    """Raises MissingStep for a variant without weights, ArtifactError as `feeding` does."""
    path = card_path(home, spec)
    write_text(path, card(home, spec, report))
    return path


def card(home: Home, spec: ModelSpec, report: Report) -> str:
    """Markdown, of what is stored: nothing is measured for it."""
    path = checkpoint_path(home, spec)
    record, weights = read_record(path), sha256_of(path)
    manifest = read_manifest(home, spec)
    cost = complexity(spec)
    target = str(record.config["target"])
    artifacts = list(manifest.artifacts.values())
    of_these = [each for each in artifacts if each.checkpoint_sha256 == weights]
    return f"""# {spec.name}

{target.capitalize()} segmentation for phones: {spec.arch} at width {spec.width}, for inputs of
{spec.size}x{spec.size}. {cost.parameters:,} parameters, {cost.macs / 1e6:.1f} million
multiply-accumulates.

## Files

{_files(spec, artifacts, weights, manifest.failures)}

## Latency seen so far

{latencies(spec.name, [row for row in report.rows if row.model == spec.name])}

## Training

{_training(record)}

## Limits and licence

{LIMITS}

The code is under the MIT licence. What may be done with the weights depends on the photographs and
the first weights that they were learned from; of those that come with the package, docs/weights.md
says what to ask a lawyer.

## How to feed it

Input `image`: the whole photograph, upright, resized to {spec.size}x{spec.size} without keeping its
shape, RGB in 0..1. Output `mask`: the probability of {target}, {spec.size}x{spec.size}; resize it
to the photograph and cut at 0.5.

The way of resizing can cost more than the choice of the model: use one that filters.

{_resizes(home, spec, of_these)}

{feeding(home, spec, artifacts, target)}
"""


def _resizes(home: Home, spec: ModelSpec, artifacts: Sequence[Artifact]) -> str:
    """What was measured of it, of any of the files."""
    found = [read_resizes(home, spec, artifact) for artifact in artifacts]
    known = [cost_rows(record) for record in found if record is not None]
    if not known:
        return f"Not measured here: `bench eval --model {spec.name} --resize linear`"
    parts = [[cost_list(rows, [], "markdown"), *cost_notes(rows)] for rows in known]
    return "\n\n".join(part for each in parts for part in each)


def _files(
    spec: ModelSpec, artifacts: Sequence[Artifact], weights: str, failures: dict[str, str]
) -> str:
    """weights: the hash of the checkpoint of now; of files made from another no figure is given."""
    rows = [
        _file(each) if each.checkpoint_sha256 == weights else _of_other_weights(spec, each)
        for each in sorted(artifacts, key=lambda each: each.key)
    ]
    rows += [f"| {key} | | not made: {reason} | | | |" for key, reason in sorted(failures.items())]
    if not rows:
        return f"None yet. Next: bench export --model {spec.name}"
    head = "| file | MB | IoU [95 %] | from torch, points [95 %] | fell > 5 points | masks differ |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows, *_leaving(artifacts)])


def _leaving(artifacts: Sequence[Artifact]) -> list[str]:
    """Of packages: what is known to leave the Neural Engine."""
    files: dict[str, list[str]] = {}
    for artifact in artifacts:
        if artifact.neural_engine:
            files.setdefault(leaving_text(artifact.neural_engine), []).append(artifact.precision)
    if not files:
        return []
    told = [f"- {', '.join(of)}: {text}" for text, of in files.items()]
    head = "What leaves the Neural Engine, by the sources that docs/operators.md names:"
    return ["", head, "", *told]


def _of_other_weights(spec: ModelSpec, artifact: Artifact) -> str:
    told = f"of other weights: bench export --model {spec.name}"
    return f"| {artifact.key} | {artifact.size_bytes / 1e6:.2f} | {told} | | | |"


def _file(artifact: Artifact) -> str:
    cells = [artifact.key, f"{artifact.size_bytes / 1e6:.2f}"]
    if not artifact.validated:
        cells += [f"not measured: {artifact.accuracy_reason}", "", ""]
    else:
        rejected = " **rejected**" if artifact.rejected else ""
        cells += [
            f"{', '.join(map(_accuracy, artifact.validated))}{_of(artifact)}{rejected}",
            ", ".join(points_text(one.judgement.difference) for one in artifact.validated),
            ", ".join(f"{one.judgement.fell} of {one.images}" for one in artifact.validated),
        ]
    parity = artifact.parity
    cells.append("not measured" if parity is None else _differs(parity))
    return f"| {' | '.join(cells)} |"


def _accuracy(accuracy: Accuracy) -> str:
    """On each data set that the images came from."""
    whole = {accuracy.dataset: accuracy.judgement.iou}
    found = {name: one.judgement.iou for name, one in accuracy.sources.items()} or whole
    return ", ".join(
        f"{name} {iou.value:.3f} {span_text(iou.low, iou.high, '.3f')}"
        for name, iou in found.items()
    )


def _differs(parity: Parity) -> str:
    sides = parity.unlike_pixels
    decided = "" if sides is None else f"; {sides:.3%} of the pixels decided otherwise"
    return f"{parity.max_abs_difference:.1e}{decided}"


def _of(artifact: Artifact) -> str:
    """Of an fp16 file that was computed in fp32 here: what fp16 arithmetic changes, by torch. Of a
    package that Core ML did not run, by what it was run."""
    first = artifact.validated[0]
    if first.runtime == REFERENCE:
        return " by the reference interpreter"
    if first.computed_in is None:
        return ""
    words = f" of its weights, computed in {first.computed_in}"
    if artifact.half is None:
        return words
    return f"{words}; in fp16 {100 * artifact.half.judgement.difference.value:+.2f} points"


def latencies(model: str, rows: Sequence[Row]) -> str:
    """A table of the files that lie here now, a line a row."""
    rows = [row for row in rows if row.joined.orphan is None]
    if not rows:
        return f"None yet. Next: bench run --model {model}"
    lines = [
        "| device | runtime | threads | precision | measured | p50 ms [range over passes] |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        facet, p50 = row.facet, row.p50_ms
        emulated = "EMULATED " if facet.device.emulated else ""
        interval = "" if p50.low is None else f" [{p50.low:.3f}, {p50.high:.3f}]"
        mark = "" if row.usable else " (no session counts)"
        cells = [
            f"{emulated}{facet.device.name}",
            f"{facet.runtime}{facet.part} {facet.runtime_version}",
            str(facet.threads),
            facet.precision,
            facet.protocol,
            f"{p50.value:.3f}{interval}{row.clock}{mark}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _training(record: CheckpointRecord) -> str:
    split, init = record.split, record.init
    source = f" ({init.source})" if init.source else ""
    taught = ", ".join(teacher.model for teacher in record.teachers) or "none"
    recipe = yaml.safe_dump(record.config, sort_keys=False).strip()
    return (
        f"{split.dataset}: {split.train_images} photographs trained on, "
        f"{split.validation_images} measured on ({split.rule}; split `{split.sha256[:8]}`).\n"
        f"First weights: {init.kind}{source}. Teachers: {taught}. {record.epoch} epochs, seed "
        f"{record.config['seed']}.\n\n```yaml\n{recipe}\n```"
    )
