"""How close two ways of running one model are, on the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zoo.manifest import Parity
from zoo.preprocess import Float32

Predict = Callable[[Float32], Float32]


def compare(
    reference: Predict, candidate: Predict, images: Sequence[Float32], source: str
) -> Parity:
    """Differences of masks over `images`, each RGB float32 [1, 3, S, S] in 0..1."""
    differences = [np.abs(reference(image) - candidate(image)) for image in images]
    return Parity(
        images=len(images),
        source=source,
        max_abs_difference=float(np.max(differences)),
        mean_abs_difference=float(np.mean(differences)),
    )
