"""A pass as a picture: whose turn it is, moment by moment, and what was set aside."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.sessions.record import Session
from bench.statistics.bursts import samples_of, turns_of
from devices.records import Burst
from reports.pictures.figures import COLOURS
from zoo.base.errors import RecordError
from zoo.base.files import replacing

# So many turns of all files together are as many as the eye can tell apart.
SHOWN_TURNS = 40


def draw_pass(sessions: Sequence[Session], path: Path) -> None:
    """The first turns of a pass as a PNG, a line a file, time in ms. Raises RecordError where the
    sessions are not of one pass in turns."""
    passes = {(session.batch, session.round) for session in sessions}
    if len(passes) != 1 or not all(map(turns_of, sessions)):
        raise RecordError(
            f"{len(sessions)} sessions of {len(passes)} passes, not all in turns",
            expected="the sessions of one pass",
            remedy="bench show SESSION --pass picture.png",
        )
    turns = sorted(
        ((burst, line) for line, session in enumerate(sessions) for burst in turns_of(session)),
        key=lambda turn: turn[0].started_ns,
    )[:SHOWN_TURNS]
    began = turns[0][0].started_ns
    figure = Figure(figsize=(9, 1.2 + 0.32 * len(sessions)), layout="constrained")
    axes = figure.add_subplot()
    for burst, line in turns:
        _draw(axes, burst, line, (burst.started_ns - began) / 1e6, sessions[line])
    _round_edges(axes, [burst for burst, _ in turns], began)
    names = [f"{s.request.model} {s.request.precision}" for s in sessions]
    axes.set_yticks(range(len(sessions)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("ms since the first turn of the pass")
    for name, colour in STYLES.items():
        axes.barh(0, 0, color=colour, label=name)
    figure.legend(loc="outside upper right", ncols=3, fontsize=8, frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


STYLES = {"set apart: warming": "#bbbbbb", "sample": COLOURS[0], "sample, interrupted": "#d62728"}
WARMING, SAMPLE, INTERRUPTED = STYLES


def _draw(axes: Axes, burst: Burst, line: int, at_ms: float, session: Session) -> None:
    """Each inference as a bar as long as it took."""
    samples = samples_of(burst, session.request)
    for number, ns in enumerate(burst.wall_ns):
        apart = number < burst.discarded
        interrupted = not apart and samples[number - burst.discarded].interrupted
        name = WARMING if apart else INTERRUPTED if interrupted else SAMPLE
        axes.barh(line, ns / 1e6, left=at_ms, height=0.7, color=STYLES[name])
        at_ms += ns / 1e6


def _round_edges(axes: Axes, bursts: Sequence[Burst], began: int) -> None:
    for before, after in itertools.pairwise(bursts):
        if after.round != before.round:
            axes.axvline((after.started_ns - began) / 1e6, color="#999999", linewidth=0.8, zorder=0)
