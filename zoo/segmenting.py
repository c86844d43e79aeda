"""From a photograph to its mask, by any model that is open: a variant, or an imported one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zoo.catalogue import Model
from zoo.imported.feeding import probability_of
from zoo.imported.record import Imported
from zoo.resizing import mask_at, to_input
from zoo.runtime.open_model import OpenModel


def mask_of(model: Model, opened: OpenModel, photograph: Image.Image) -> NDArray[np.bool_]:
    """At the photograph's size, [height, width]."""
    if isinstance(model, Imported):
        probability = probability_of(model, opened, photograph)
        return mask_at(probability, *photograph.size, model.output.threshold)
    return mask_at(opened.predict(to_input(photograph, model.size))[0], *photograph.size)
