"""`bench pick`: the variant to take for a device and a latency budget."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import json_option

if TYPE_CHECKING:
    from reports.fronts.choose import Budget, Choice
    from reports.gather.places import Place

NOTHING_TO_CHOOSE, NONE_WITHIN = 3, 4
_UNITS = {"ms": 1.0, "s": 1e3, "KB": 1e3, "MB": 1e6, "fps": 1.0}


class Quantity(click.ParamType[float]):
    """A number with its unit, such as `16.7ms` or `4MB`: in ms or bytes. Of a rate, its period."""

    def __init__(self, *units: str) -> None:
        self.units = units
        self.name = "/".join(units)

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([A-Za-z]+)", str(value).strip())
        unit = next((u for u in self.units if match and u.lower() == match[2].lower()), None)
        if match is None or unit is None or float(match[1]) <= 0:
            self.fail(
                f"{value!r} is no quantity in {' or '.join(self.units)}, such as 12{self.units[0]}",
                parameter,
                context,
            )
        number = float(match[1])
        return 1e3 / number if unit == "fps" else number * _UNITS[unit]


@click.command()
@click.option(
    "--device",
    required=True,
    metavar="NAME",
    help="A kind (host, android), or words of a device's name and mode as reports show them.",
)
@click.option(
    "--max-latency",
    required=True,
    type=Quantity("ms", "s", "fps"),
    metavar="MS",
    help="Of p50: 16.7ms, or 60fps.",
)
@click.option("--max-size", type=Quantity("MB", "KB"), metavar="SIZE", help="Of the file: 4MB.")
@click.option(
    "--data",
    metavar="NAME",
    help="The data set whose IoU decides, or `worst`.  [default: lfw, where files were counted "
    "on it]",
)
@click.option("--min-iou", type=click.FloatRange(0, 1), metavar="IOU", help="Such as 0.78.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    device: str,
    max_latency: float,
    max_size: float | None,
    data: str | None,
    min_iou: float | None,
    as_json: bool,
) -> None:
    """Choose the variant with the highest IoU within a budget, from stored sessions.

    Says why, which one is next, and how often this one would be chosen if sessions and images
    were drawn again. Measures nothing. Exit status 4: nothing is within the budget; 3: no
    session that counts is of a file with a known IoU.

    \b
    Example:
      bench pick --device host --max-latency 16.7ms --max-size 4MB
      bench pick --device host --max-latency 30fps --data worst
    """
    from reports.fronts.choose import Budget, choice_lines, choose
    from reports.gather.places import find_place
    from reports.load import load
    from reports.text.fitting import fitted
    from zoo.home import Home

    place = find_place(load(Home.default(), data=data), device)
    budget = Budget(
        latency_ms=max_latency, size_bytes=None if max_size is None else int(max_size), iou=min_iou
    )
    choice = choose(place.rows, budget)
    if as_json:
        click.echo(json.dumps(_record(place, budget, choice), indent=1, allow_nan=False))
    else:
        told = [f"On {place.title}:", *choice_lines(choice, budget)]
        if place.device.emulated:
            told.append("This device is emulated: its latencies are no measure of a phone.")
        click.echo(fitted("\n".join(told)))
    if not place.fit:
        context.exit(NOTHING_TO_CHOOSE)
    if choice.row is None:
        context.exit(NONE_WITHIN)


def _record(place: Place, budget: Budget, choice: Choice) -> dict[str, Any]:
    from reports.fronts.choose import choice_text
    from reports.gather.flat import record

    difference = choice.difference.iou if choice.difference else None
    return {
        "place": place.title,
        "emulated": place.device.emulated,
        "iou_of": place.iou_of,
        "budget": asdict(budget),
        "choice": record(choice.row) if choice.row else None,
        "runner_up": record(choice.runner_up) if choice.runner_up else None,
        "iou_difference": asdict(difference) if difference else None,
        "sure": choice.sure,
        "within_budget": choice.within,
        "left_out": choice.left_out,
        "text": choice_text(choice, budget),
    }
