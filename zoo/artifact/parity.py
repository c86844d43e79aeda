"""How close two ways of running one model are, on the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zoo.artifact.manifest import Parity
from zoo.base.errors import ArtifactError
from zoo.preprocess import THRESHOLD, Float32

NO_NUMBERS = "its masks hold values that are no numbers"
Predict = Callable[[Float32], Float32]


def compare(
    reference: Predict, candidate: Predict, images: Sequence[Float32], source: str
) -> Parity:
    """Differences of masks over `images`, each RGB float32 [1, 3, S, S] in 0..1.

    Values of int8 masks tell little: two correct kernels can differ by 37 of 256 steps at a pixel
    (LiteRT 2.3.0: XNNPACK and the built-in ones) and decide alike everywhere. Raises ArtifactError
    where a mask holds NaN or infinity.
    """
    pairs = [(reference(image), candidate(image)) for image in images]
    if not all(np.isfinite(mask).all() for pair in pairs for mask in pair):
        raise ArtifactError(
            NO_NUMBERS,
            expected="probabilities",
            remedy="bench explain says in which layer they begin",
        )
    differences = [np.abs(one - other) for one, other in pairs]
    decided = [(one > THRESHOLD) != (other > THRESHOLD) for one, other in pairs]
    return Parity(
        images=len(images),
        source=source,
        max_abs_difference=float(np.max(differences)),
        mean_abs_difference=float(np.mean(differences)),
        unlike_pixels=float(np.mean(decided)),
    )
