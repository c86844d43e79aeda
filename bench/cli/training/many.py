"""`bench train` of many variants at once: side by side here, or on the machines of a Ray."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from bench.cli.spread import CHILD, show

if TYPE_CHECKING:
    from train.settings import Settings
    from zoo.base.children import Ended, Said
    from zoo.home import Home

TRAIN = (*CHILD, "train")
# Options that mean the same to a child.
PASSED_ON = ("data", "recipe", "init", "encoders", "epochs", "seed", "target")
FLAGS_PASSED_ON = ("together", "force")


def train_side_by_side(trainings: Sequence[Settings], options: Mapping[str, Any]) -> int:
    """A child process each, so many at once; how many failed. They take their own locks."""
    from zoo.base.children import Job, run_jobs, share_of_cores

    cores = options["cores"] or share_of_cores(options["jobs"])
    words = [*TRAIN, "--cores", str(cores)]
    for name in PASSED_ON:
        if options[name] is not None:
            words += [f"--{name}", str(options[name])]
    words += [f"--{name}" for name in FLAGS_PASSED_ON if options[name]]
    words += [word for path in options["teachers"] for word in ("--teacher", str(path))]
    jobs = []
    for settings in trainings:
        models = [word for spec in settings.specs for word in ("--model", spec.name)]
        jobs.append(Job(name=settings.name, words=(*words, *models)))
    return _show(run_jobs(jobs, options["jobs"]), len(jobs))


def train_on_ray(home: Home, trainings: Sequence[Settings], options: Mapping[str, Any]) -> int:
    """A task of Ray's each; how many failed."""
    from train.cluster.orders import PACKAGES, train_on_cluster
    from zoo.cluster.join import join_cluster
    from zoo.cluster.machines import fit_for

    wanted = []
    for settings in trainings:
        if settings.are_trained(home) and not options["force"]:
            click.echo(f"{settings.name}: trained already")
        else:
            wanted.append(settings)
    if not wanted:
        return 0
    with join_cluster(options["ray"], options["jobs"], options["cores"]) as joined:
        cluster = fit_for(joined, PACKAGES)
        return _show(train_on_cluster(home, wanted, TRAIN, cluster), len(wanted))


def _show(events: Generator[Said | Ended], total: int) -> int:
    failed = show(events, "trainings", total)
    if failed:
        click.echo(f"not trained: {', '.join(failed)}; the same command goes on", err=True)
    return len(failed)
