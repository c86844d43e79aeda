"""The card of an imported model: what it is, how it is fed and read, what it scored."""

from __future__ import annotations

from pathlib import Path

from reports.gather.report import Report
from reports.text.card import latencies
from reports.text.imported import fed_lines, read_lines
from zoo.artifact.iou import span_text
from zoo.base.files import write_text
from zoo.home import Home
from zoo.imported.accuracy import Evaluation, read_evaluations
from zoo.imported.record import Imported


def write_imported_card(home: Home, model: Imported, report: Report) -> Path:
    """Of what is stored: nothing is measured for it."""
    path = home.imported_folder(model.name) / "CARD.md"
    write_text(path, imported_card(home, model, report))
    return path


def imported_card(home: Home, model: Imported, report: Report) -> str:
    """Markdown."""
    rows = [r for r in report.rows if r.asked == model.name and r.origin == "imported"]
    read = model.output
    copied = "" if model.sha256 == model.source_sha256 else ", made whole or set to its size"
    return f"""# {model.name}

A segmentation model of other people, imported from `{model.source}`{copied} on
{model.imported_at:%Y-%m-%d}. It is no variant of this zoo: its training, limits and licence are
those of its authors. Parameters and multiply-accumulates: {model.complexity_reason}.

## File

| file | MB | SHA-256 |
|---|---|---|
| {model.key} | {model.size_bytes / 1e6:.2f} | `{model.sha256[:12]}` |

## IoU

{_scores(read_evaluations(home, model.name).found, model)}

## Latency seen so far

{latencies(model.name, rows)}

## How it is fed

{_list(fed_lines(model.input))}

The whole photograph, upright, is resized to {model.input.height}x{model.input.width} (height and
width) without keeping its shape, by a filtered bilinear resize. Its values are spread over the
range; then the mean is subtracted and divided by std, where they are given.

## How it is read

{_list(read_lines(model.output))}

The mask is resized to the photograph; what is over {read.threshold:g} is hair.

See its mask: `bench predict PHOTOGRAPH --model {model.name}`
"""


def _scores(found: tuple[Evaluation, ...], model: Imported) -> str:
    current = [one for one in found if one.is_of(model)]
    if not current:
        return f"Not evaluated. Next: `bench eval {model.name} --data lfw`"
    lines = ["| class | images | split | IoU [95 %] |", "|---|---|---|---|"]
    for one in current:
        iou = f"{one.iou.value:.3f} {span_text(one.iou.low, one.iou.high, '.3f')}"
        lines.append(f"| {one.target} | {one.images} | {one.dataset} {one.split} | {iou} |")
    return "\n".join(lines)


def _list(lines: dict[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in lines.items())
