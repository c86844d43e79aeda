"""What a user says of how a model is fed and read, and the words for where a property is from."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.imported.record import Activation, Channels, Colour, Layout

GUESS, FILE, YOURS = "a guess", "from the file", "as you said"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user said; None where it is left to guess. size: height and width. output: its
    number or name."""

    range: tuple[float, float] | None = None
    mean: Channels | None = None
    std: Channels | None = None
    layout: Layout | None = None
    colour: Colour | None = None
    size: tuple[int, int] | None = None
    output: str | None = None
    channel: int | None = None
    activation: Activation | None = None
    threshold: float | None = None
