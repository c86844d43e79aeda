"""`bench run`: measure latency."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from bench.cli.measuring.device_options import device_of, device_options
from bench.cli.measuring.own_files import own_file_options
from bench.cli.measuring.plan_options import plan_of, plan_options
from bench.cli.options import Frame, Percent, model_option, threads_option, timed_precisions_option
from bench.cli.spread import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.base.errors import BenchError

PICK = "bench pick --device {} --max-latency 60fps"


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@model_option(required=False)
@device_options
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    metavar="NAME",
    help="onnxruntime, litert, torch, tensorflow, coreml; on a phone litert, litert-gpu, "
    "litert-npu. Repeatable.  [default: onnxruntime, litert, and coreml on a Mac]",
)
@timed_precisions_option
@threads_option
@click.option(
    "--reference",
    metavar="NAME",
    help="The model that the others are measured relative to.  [default: the lightest]",
)
@click.option(
    "--target",
    type=Percent(),
    default="2%",
    show_default=True,
    help="Passes go on until the interval of the latency relative to the reference is so narrow.",
)
@click.option(
    "--end-to-end",
    "frame",
    type=Frame(),
    is_flag=False,
    flag_value="1280x720",
    metavar="[WxH]",
    help="The application's time instead: a camera frame resized, converted, inferred, its mask "
    "upsampled.  [without a size: 1280x720]",
)
@own_file_options
@plan_options
@click.option(
    "--all",
    "all_phones",
    is_flag=True,
    help="Every phone that is there, side by side; with --ray every host, too.",
)
@click.option("--ray", metavar="ADDRESS", help="On devices of the farm at auto or HOST:PORT.")
@click.option("--resume", is_flag=True, help="Only the sessions that are not stored yet.")
@click.option("--force", is_flag=True, help="Measure rejected files too.")
@click.pass_context
def command(
    context: click.Context,
    /,
    files: tuple[str, ...],
    models: tuple[str, ...],
    runtimes: tuple[str, ...],
    precisions: tuple[str, ...],
    threads: int,
    reference: str | None,
    target: float,
    frame: tuple[int, int] | None,
    inputs: tuple[str, ...],
    signature: str | None,
    all_phones: bool,
    ray: str | None,
    resume: bool,
    force: bool,
    **options: Any,
) -> None:
    """Measure exported or imported models, or any .onnx, .tflite or .mlpackage FILE.

    Never trains and never exports. On this machine and in a browser all files are open at once, in
    a fresh process a pass, and take turns of some milliseconds. Passes go on until each file is
    known to --target.
    Each file's session of a pass is a JSON file under results/. One that fails is stored as such
    and the rest goes on; then the exit status is 3, as where a rejected file (`bench eval`) is left
    out.

    \b
    Example:
      bench run --device host --model 'mnv2_slim_unet_0.35_*'
      bench run mine.tflite --threads 2
      bench run mine.onnx --input x=1x3x224x224 --input mask=mask.npy
      bench run --device android --model 'mnv2_slim_unet_0.5_*' --runtime litert-gpu
      bench run --device android --all --ray auto --model 'mnv2_slim_unet_0.5_*'
    """
    from bench.cli.measuring.measure import take
    from bench.cli.measuring.summary import nothing_new, summary
    from bench.sessions.store import read_all
    from bench.work.chosen import alike, beside_references, named
    from bench.work.find import find_all
    from bench.work.subject import Subject, precisions_of, runtimes_for, subject_of
    from reports.text.fitting import fitted, next_steps
    from zoo.base.errors import ArtifactRejected
    from zoo.base.lock import locked
    from zoo.catalogue import folder, select
    from zoo.home import Home
    from zoo.spec import ModelSpec

    if not files and not models:
        raise click.UsageError("name a --model or a FILE")
    if (inputs or signature) and not files:
        raise click.UsageError("--input and --signature are of a FILE; the zoo's inputs are known")
    home = Home.default()
    own = [subject_of(home, text) for text in files]
    known = select(home, models)
    if ray is not None:
        from bench.cli.farm.measure import run_on_farm

        if files:
            raise click.UsageError("--ray is of models: bench import makes one of a FILE")
        context.exit(run_on_farm(context, home, known))
    if all_phones:
        from bench.cli.measuring.phones import run_on_all

        if options["device"] != "android":
            raise click.UsageError("--all is of phones: --device android")
        context.exit(run_on_all(context))
    if frame and any(not isinstance(what, ModelSpec) for what in [*known, *own]):
        raise click.UsageError("--end-to-end is of the zoo's models: no other's frames are timed")
    with ExitStack() as held:
        on = held.enter_context(device_of(home, options))
        kind = on.info().kind
        plan = plan_of(on, target, frame, **options)
        # Two measurements at once disturb each other, and the files are not to change meanwhile.
        held.enter_context(locked(home.device_results(on.info().key)))
        for model in known:
            held.enter_context(locked(folder(home, model), shared=True))
        subjects = [
            Subject(
                what=w,
                runtime=name,
                precision=precision,
                threads=threads,
                forced=force,
                inputs=inputs,
                signature=signature,
            )
            for w in [*known, *own]
            for name in runtimes_for(on, w, runtimes)
            for precision in precisions_of(w, precisions)
        ]
        work, refused = find_all(home, on, subjects, (ArtifactRejected,))
        _say_left_out(refused)
        work = beside_references(named(work, inputs), reference)
        stored = alike(read_all(home).sessions, on, plan, work) if resume else []
        sessions = take(home, on, work, plan, stored, resumes=True)
    if not sessions:
        click.echo(nothing_new(stored, work, plan))
        context.exit(PARTIAL if refused else 0)
    click.echo(fitted(summary([*stored, *sessions], work, plan)))
    pick = PICK.format(kind)
    click.echo(next_steps(["bench report --open", "bench check last", pick]))
    context.exit(PARTIAL if refused or any(s.failure for s in sessions) else 0)


def _say_left_out(refused: Sequence[BenchError]) -> None:
    for each in refused:
        click.echo(f"left out: {each}", err=True)
