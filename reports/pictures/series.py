"""One session's series as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.sessions.record import Session
from bench.statistics.bursts import samples_of, turns_of
from bench.statistics.verdict import verdict
from reports.pictures.figures import COLOURS
from zoo.base.files import replacing

# A curve over minutes is drawn as the median of so many parts, over its thinned samples.
PARTS = 120
MOST_POINTS = 5000
# Of the median; what is slower would flatten all the others.
HIGHEST = 4.0


def draw_series(session: Session, path: Path) -> None:
    """The inferences in time order as a PNG, warm-up paler; a sustained one over its minutes."""
    series = session.run.series if session.run else None
    warmup = np.asarray(series.warmup_ns if series else (), dtype=np.float64) / 1e6
    samples = np.asarray((series.samples_ns if series else None) or (), dtype=np.float64) / 1e6
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.add_subplot()
    if session.plan.loop.mode == "sustained":
        _curve(axes, samples, session.run.inferences_a_sample if session.run else 1)
    elif turns_of(session):
        _turns(axes, session)
    else:
        axes.plot(range(len(warmup)), warmup, ".", color="#bbbbbb", label="warm-up")
        after = range(len(warmup), len(warmup) + len(samples))
        axes.plot(after, samples, ".", color=COLOURS[0], label="samples")
        axes.set_xlabel("inference")
    found = verdict(session)
    axes.set(
        ylabel="ms",
        title=f"{session.request.model} {session.request.runtime} {session.id}: {found.label}",
    )
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def _turns(axes: Axes, session: Session) -> None:
    """Wall times in time order: those set apart paler, interrupted ones as crosses, a line between
    turns. What is far slower than the rest is drawn at the top edge."""
    drawn: dict[str, list[tuple[int, float]]] = {"set apart": [], "samples": [], "interrupted": []}
    place = 0
    for burst in turns_of(session):
        samples = samples_of(burst, session.request)
        for number, ns in enumerate(burst.wall_ns):
            sample = samples[number - burst.discarded] if number >= burst.discarded else None
            name = "set apart" if sample is None else "samples"
            if sample is not None and sample.interrupted:
                name = "interrupted"
            drawn[name].append((place, ns / 1e6))
            place += 1
        axes.axvline(place - 0.5, color="#e6e6e6", linewidth=0.8, zorder=0)
    middle = float(np.median([ms for points in drawn.values() for _, ms in points]))
    styles = {
        "set apart": ("#bbbbbb", "."),
        "samples": (COLOURS[0], "."),
        "interrupted": ("r", "x"),
    }
    for name, points in drawn.items():
        colour, marker = styles[name]
        high = [min(ms, HIGHEST * middle) for _, ms in points]
        axes.plot(
            [at for at, _ in points], high, marker, color=colour, label=f"{name}: {len(points)}"
        )
    axes.set_xlabel("inference, in the order of its turns")


def _curve(
    axes: Axes, samples: np.ndarray[tuple[int], np.dtype[np.float64]], together: int
) -> None:
    """together: inferences in each sample."""
    seconds = np.cumsum(samples) * together / 1e3
    thin = slice(None, None, max(1, len(samples) // MOST_POINTS))
    axes.plot(seconds[thin], samples[thin], ",", color="#999999", label="inferences")
    parts = [part for part in np.array_split(np.arange(len(samples)), PARTS) if len(part)]
    middle = [float(np.median(samples[part])) for part in parts]
    axes.plot([seconds[part[-1]] for part in parts], middle, color=COLOURS[0], label="median")
    axes.set_xlabel("s")
