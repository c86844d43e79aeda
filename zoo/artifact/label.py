"""What every exported file says of itself, by the words of its format.

Nothing in it changes while the weights do not: no time, no commit.
"""

from __future__ import annotations

from typing import Final, Literal

from zoo.base.frozen import Frozen
from zoo.preprocess import INPUT_NAME, OUTPUT_NAME, THRESHOLD

Io = Literal["float", "int8"]
AUTHOR: Final = "mobile-segmentation-zoo"
LICENCE: Final = (
    "Code: MIT. The weights were learned from photographs under licences of their own: see the "
    "card of these weights."
)
# As the palette of the labels: red where there is hair.
COLOURS: Final = ("#0000FF", "#FF0000")


class Label(Frozen):
    """name: of the variant. version: of this package. io: the type of both ends."""

    name: str
    version: str
    precision: str
    io: Io = "float"
    checkpoint_sha256: str
    data: str
    target: str

    @property
    def description(self) -> str:
        return (
            f"{self.target.capitalize()} segmentation, {self.name}, {self.precision}. Input "
            f"{INPUT_NAME}: RGB in 0..1, not normalised. Output {OUTPUT_NAME}: the probability of "
            f"{self.target} of each pixel; {THRESHOLD} is the threshold."
        )

    @property
    def entries(self) -> dict[str, str]:
        """For formats that keep keys and values."""
        return {
            "author": AUTHOR,
            "checkpoint_sha256": self.checkpoint_sha256,
            "classes": ", ".join(("background", self.target)),
            "description": self.description,
            "input_range": "0..1",
            "licence": LICENCE,
            "name": self.name,
            "precision": self.precision,
            "trained_on": self.data,
            "version": self.version,
        }
