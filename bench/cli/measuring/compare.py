"""`bench compare`: which of two is faster, if it can be told."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.measuring.compared import as_record, columns, sentence, side_text
from bench.cli.measuring.device_options import device_of, device_options
from bench.cli.measuring.own_files import own_file_options
from bench.cli.measuring.plan_options import plan_of, plan_options
from bench.cli.options import Percent, format_option, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.compare import Comparison
    from bench.sessions.record import Plan
    from bench.work.subject import Subject
    from devices.base import Device
    from devices.records import DeviceInfo, Loop
    from reports.text.listing import Format
    from zoo.home import Home

SLOWER = 4
NOT_MEASURED = 3
UNTOLD = 5


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="A [B]...")
@device_options
@click.option("--runtime", "runtimes", multiple=True, metavar="NAME", help="Twice: the factor.")
@click.option("--precision", "precisions", multiple=True, metavar="P", help="Twice: the factor.")
@click.option(
    "--threads", type=click.IntRange(1), multiple=True, metavar="N", help="Twice: the factor."
)
@click.option(
    "--factor",
    "declared",
    type=click.Choice(["format"]),
    help="What is compared, where files differ in more: one network in two formats, each in its "
    "own runtime.",
)
@click.option("--stored", is_flag=True, help="Compare sessions that are stored; nothing is paired.")
@click.option(
    "--date", "dates", multiple=True, metavar="DAY", help="Stored of a day; twice: the factor."
)
@click.option(
    "--commit", "commits", multiple=True, metavar="ID", help="Stored of a commit; likewise."
)
@click.option(
    "--target",
    type=Percent(),
    help="Passes go on until the interval of the ratio is so narrow.  "
    "[default: 1%, or a quarter of the difference]",
)
@click.option(
    "--fail-if-slower",
    "limit",
    type=Percent(),
    metavar="PERCENT",
    help="Exit with 4 where one is distinguishably slower than A, and by more than this.",
)
@click.option(
    "--untold",
    type=click.Choice(["pass", "fail"]),
    help="With --fail-if-slower: the exit status where that cannot be told, 0 or 5.  "
    "[default: pass]",
)
@click.option("--force", is_flag=True, help="Measure rejected files too.")
@own_file_options
@plan_options
@format_option("a sentence each")
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    what: tuple[str, ...],
    runtimes: tuple[str, ...],
    precisions: tuple[str, ...],
    threads: tuple[int, ...],
    declared: str | None,
    stored: bool,
    dates: tuple[str, ...],
    commits: tuple[str, ...],
    target: float | None,
    limit: float | None,
    untold: str | None,
    inputs: tuple[str, ...],
    signature: str | None,
    force: bool,
    format: Format | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare the latency of models or files with that of A; exactly one factor may differ.

    The factor is the variant or file, or an option that is given twice. Measures now, in turns of
    some milliseconds (on a phone by cable, and in other modes than burst, one after the other), and
    prints each ratio with its interval, or that it cannot be told and about how many more passes
    would tell. With more than two, Holm's correction keeps false findings at 5 % over all of them.

    \b
    Example:
      bench compare mnv2_slim_unet_0.5_224 mnv2_slim_unet_0.5_192 --runtime litert
      bench compare mnv2_slim_unet_0.5_224 --threads 1 --threads 2
      bench compare old.onnx new.onnx --fail-if-slower 5% --untold fail
      bench compare mine.onnx mine.tflite --factor format
      bench compare mnv2_slim_unet_0.5_224 --stored --date 2026-11-01 --date 2026-11-08
    """
    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from zoo.base.lock import locked
    from zoo.home import Home

    if untold and not limit:
        raise click.UsageError("--untold is of --fail-if-slower PERCENT")
    home = Home.default()
    on = context.with_resource(device_of(home, options))
    if not stored or on.info().kind != "host":
        # A phone is made ready to be asked what it can do, stored sessions or not.
        context.with_resource(locked(home.device_results(on.info().key)))
    plan = plan_of(on, target or 0.01, compares=True, **options)
    if target is None:
        plan = plan.model_copy(update={"of_difference": 0.25})
    subjects = [
        replace(one, inputs=inputs, signature=signature, forced=force)
        for one in _subjects(home, on, what, runtimes, precisions, threads)
    ]
    if stored:
        found = _from_store(home, on.info(), plan.loop, subjects, dates, commits, declared)
    elif dates or commits:
        raise click.UsageError("--date and --commit choose among stored sessions: add --stored")
    else:
        found = _measured(home, on, subjects, plan, declared)
    records = [as_record(one) for one in found]
    if as_json:
        click.echo(json.dumps(records, indent=1))
    elif format:
        sides = [(found[0].baseline, None), *((one.candidate, one) for one in found)]
        click.echo(listing(columns(), records if format == "csv" else sides, format))
    else:
        measured = [found[0].baseline, *(one.candidate for one in found)]
        told = [*map(side_text, measured), *map(sentence, found)]
        click.echo(fitted("\n".join(told)))
    context.exit(_status(found, limit, untold or "pass"))


def _status(found: Sequence[Comparison], limit: float | None, untold: str) -> int:
    """The exit status; why it is not 0 is told on standard error."""
    if any(one.ratio is None for one in found):
        return NOT_MEASURED
    if limit is None:
        return 0
    percent = f"{100 * limit:g} %"
    if slower := [one.candidate.name for one in found if one.slower_than(limit)]:
        click.echo(f"slower by more than {percent}: {', '.join(slower)}", err=True)
        return SLOWER
    if unsure := [one.candidate.name for one in found if one.untold(limit)]:
        names = ", ".join(unsure)
        told = f"whether it is slower by more than {percent} cannot be told: {names}"
        click.echo(f"{told} (--untold {untold})", err=True)
        return UNTOLD if untold == "fail" else 0
    return 0


def _subjects(
    home: Home,
    device: Device,
    what: Sequence[str],
    runtimes: Sequence[str],
    precisions: Sequence[str],
    threads: Sequence[int],
) -> list[Subject]:
    """Every combination that was asked for, the first of each option first."""
    from bench.work.subject import Subject, precisions_of, runtimes_for, subject_of

    found = []
    wanted = precisions or ("fp32",)
    for one in [subject_of(home, text) for text in what]:
        for runtime in runtimes_for(device, one, runtimes)[: len(runtimes) or 1]:
            for precision in wanted if isinstance(one, Path) else precisions_of(one, wanted):
                for count in threads or (1,):
                    found.append(
                        Subject(what=one, runtime=runtime, precision=precision, threads=count)
                    )
    return found


def _measured(
    home: Home, device: Device, subjects: Sequence[Subject], plan: Plan, declared: str | None
) -> list[Comparison]:
    from bench.cli.measuring.measure import take
    from bench.compare import compared, factor_of, in_turns
    from bench.work.chosen import named
    from bench.work.find import find
    from zoo.base.lock import locked
    from zoo.catalogue import folder

    factor = factor_of(subjects, declared)
    with ExitStack() as held:
        for model in {s.what for s in subjects if not isinstance(s.what, Path)}:
            held.enter_context(locked(folder(home, model), shared=True))
        found = in_turns([find(home, device, subject) for subject in subjects])
        work = named(found, subjects[0].inputs)
        sessions = take(home, device, work, plan)
    names = [_name(s, one.name, factor) for s, one in zip(subjects, work, strict=True)]
    return compared(work, names, sessions, plan, factor)


def _from_store(
    home: Home,
    device: DeviceInfo,
    loop: Loop,
    subjects: Sequence[Subject],
    dates: Sequence[str],
    commits: Sequence[str],
    declared: str | None,
) -> list[Comparison]:
    from bench.compare import factor_of
    from bench.sessions.store import read_all
    from bench.stored import Selection, compare_stored, names_of, varied

    chosen, side = varied(dates, commits), partial(Selection, device=device, loop=loop)
    if len(dates) > 1 and len(commits) > 1:
        raise click.UsageError("date and commit both differ; exactly one factor may")
    if len(chosen) > 1 and len(subjects) == 1:
        factor = "date" if len(dates) > 1 else "commit"
        selections = [side(subject=subjects[0], date=d, commit=c) for d, c in chosen]
        names = [(d if factor == "date" else c) or "" for d, c in chosen]
    elif len(chosen) == 1:
        factor = factor_of(subjects, declared)
        ((date, commit),) = chosen
        selections = [side(subject=s, date=date, commit=commit) for s in subjects]
        if factor in ("file", "format"):
            selections = [one.of_its_content() for one in selections]
        called = zip(subjects, names_of(selections), strict=True)
        names = [_name(subject, name, factor) for subject, name in called]
    else:
        raise click.UsageError("more than one factor differs; exactly one may")
    return compare_stored(selections, names, read_all(home).sessions, factor)


def _name(subject: Subject, name: str, factor: str) -> str:
    """What tells the sides apart: the value of the factor. name: of the model or file."""
    if factor in ("variant", "file", "format"):
        return name
    value = getattr(subject, factor)
    return f"{value} thread{'s' if value > 1 else ''}" if factor == "threads" else str(value)
