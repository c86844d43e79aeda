"""Proving exported files, as `bench export` does it: variants side by side, or one."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import click

from bench.cli.spread import CHILD
from bench.cli.typed import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zoo.artifact.manifest import Manifest
    from zoo.export.targets import Target
    from zoo.home import Home
    from zoo.spec import ModelSpec


@contextmanager
def held(home: Home, specs: Sequence[ModelSpec]) -> Iterator[None]:
    """Their files are ours, and their checkpoints are not to change meanwhile."""
    from zoo.base.lock import locked

    with ExitStack() as locks:
        for spec in specs:
            locks.enter_context(locked(home.checkpoint_folder(spec), shared=True))
            locks.enter_context(locked(home.artifact_folder(spec)))
        yield


def prove_side_by_side(
    context: click.Context,
    home: Home,
    specs: Sequence[ModelSpec],
    wanted: Sequence[Target],
    jobs: int,
) -> None:
    """Variants whose photographs are here: a child for each, so many at once. One alone leaves
    cores idle while it reads photographs, and its threads wait for each other wherever another
    program takes a core. What a child leaves undone is to be done after it."""
    from zoo.base.children import Ended, Job, run_jobs, threads_here
    from zoo.base.progress import Bar, say

    unproved = [spec for spec in specs if _has_unproved(home, spec, wanted)]
    if len(unproved) < 2:
        return
    words = (*CHILD, "export", *words_of(context, ("models", "jobs", "ray", "as_json", "force")))
    share = {"OMP_NUM_THREADS": str(max(1, threads_here() // min(jobs, len(unproved))))}
    children = [
        Job(name=s.name, words=(*words, "--jobs", "1", "--model", s.name), environment=share)
        for s in unproved
    ]
    events = run_jobs(children, jobs)
    with Bar("proving", len(children), "variants") as bar, closing(events):
        for event in events:
            if isinstance(event, Ended):
                bar.step()
                if event.problem is not None:
                    say(f"{event.name}: {event.problem}")


def _has_unproved(home: Home, spec: ModelSpec, wanted: Sequence[Target]) -> bool:
    """Of files for which photographs are here."""
    from train.proof.photographs import Photographs
    from train.proof.prove import is_proved
    from zoo.artifact.manifest import read_manifest

    photographs = Photographs.of(home, spec)
    if not photographs.sets:
        return False
    made = read_manifest(home, spec).those(target.key for target in wanted)
    return any(not is_proved(home, spec, one, photographs) for one in made)


def prove_one(home: Home, spec: ModelSpec, wanted: Sequence[Target]) -> Manifest:
    """Find out what is not known yet of each file; the rest stays as it is."""
    from train.proof.expect import store_expected
    from train.proof.photographs import Photographs
    from train.proof.prove import is_proved, prove
    from zoo.artifact.manifest import read_manifest, write_manifest

    manifest, photographs = read_manifest(home, spec), Photographs.of(home, spec)
    store_expected(home, spec)
    for artifact in manifest.those(target.key for target in wanted):
        if not is_proved(home, spec, artifact, photographs):
            manifest = manifest.with_artifact(prove(home, spec, artifact, photographs))
            write_manifest(home, spec, manifest)
    return manifest
