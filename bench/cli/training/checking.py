"""`bench data check`: is a data set sound?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import PICTURES, PictureFile, format_option, json_option
from bench.cli.training.labelling import FOLDER, labelling_options, layout_options
from bench.cli.training.sheet import draw_sheet, tinted

if TYPE_CHECKING:
    from reports.text.listing import Column, Format
    from train.data.check import Report
    from train.data.dataset import Dataset
    from train.data.labels import Labelling
    from train.data.names import Layout

DOUBTFUL = "doubtful.jpg"
_TOLD = 5


@click.command()
@click.argument("folder", type=FOLDER)
@layout_options
@labelling_options
@click.option(
    "--sheet",
    "worst",
    type=PictureFile(*PICTURES),
    help="Draw the most doubtful photographs, their hair tinted, into this picture.",
)
@format_option()
@json_option
def check(
    folder: Path,
    labelling: Labelling,
    layout: Layout,
    worst: Path | None,
    format: Format,
    as_json: bool,
) -> None:
    """List all that is wrong with a folder of one's own, or with a prepared data set.

    Looks at every file and changes none. The exit status is 1 where anything is wrong; what only
    deserves a look is a warning.

    \b
    Example:
      bench data check ~/portraits --hair white
      bench data check data/lfw --json
    """
    from dataclasses import asdict, replace

    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from train.data.check import look_over
    from zoo.preprocess import open_photograph

    report = look_over(folder, labelling, layout)
    if worst and report.doubtful:
        tiles = (tinted(open_photograph(i), labels) for i, labels in report.doubtful)
        draw_sheet(tiles, len(report.doubtful), worst)
    elif worst:
        click.echo(f"no mask is doubtful: {worst} is not written", err=True)
    if as_json:
        value = asdict(replace(report, doubtful=[])) | {"findings": _findings(report)}
        del value["doubtful"]
        click.echo(json.dumps(value | {"folder": str(folder)}, indent=1))
    elif format in ("markdown", "csv"):
        click.echo(listing(_columns(), _findings(report), format))
    else:
        click.echo(fitted(_text(report)))
    if report.problems:
        raise SystemExit(1)


def doubted(dataset: Dataset) -> None:
    """Warn of masks that are likely wrong, and draw the worst beside `dataset.json`."""
    from train.data.check import WORST
    from train.data.dataset import CLASSES
    from train.data.plausible import doubts, look

    items = dataset.record.items
    found = doubts([look(dataset.mask(item) == CLASSES["hair"]) for item in items])
    worst = [items[doubt.place] for doubt in found.single[:WORST]]
    if not worst:
        return
    path = dataset.folder / DOUBTFUL
    tiles = (tinted(dataset.photograph(item), dataset.mask(item)) for item in worst)
    draw_sheet(tiles, len(worst), path)
    lines = [*found.whole]
    singles = [doubt for doubt in found.single if doubt.wrong not in found.whole]
    lines += [f"{items[doubt.place].mask}: {doubt.wrong}" for doubt in singles[:_TOLD]]
    lines += [f"and {len(singles) - _TOLD} more"] if len(singles) > _TOLD else []
    for line in lines:
        click.echo(f"warning: {line}", err=True)
    click.echo(f"warning: the worst are drawn in {path}", err=True)


def _findings(report: Report) -> list[dict[str, str]]:
    """Problems, then warnings, as one list."""
    from dataclasses import asdict

    kinds = (("problem", report.problems), ("warning", report.warnings))
    return [{"kind": kind, **asdict(one)} for kind, found in kinds for one in found]


def _columns() -> list[Column]:
    from reports.text.listing import column

    titles = (("", "kind"), ("file", "file"), ("what is wrong", "wrong"), ("remedy", "remedy"))
    return [column(title, key) for title, key in titles]


def _text(report: Report) -> str:
    from reports.text.listing import listing

    rows = _findings(report)
    lines = [listing(_columns(), rows), ""] if rows else []
    if found := report.statistics:
        sizes = dict.fromkeys(f"{w}x{h}" for w, h in (found.smallest, found.largest))
        lines.append(
            f"photographs of {' to '.join(sizes)}; {found.share_without_hair:.1%} of the masks "
            f"without hair; mean share of hair {found.mean_hair_share:.1%}"
        )
    return "\n".join([*lines, f"{report.good} pairs good, {len(report.problems)} problems"])
