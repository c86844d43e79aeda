"""What torch makes of a few drawn portraits, by which a phone's masks are checked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.masks import Expect, Expected
    from zoo.home import Home

# Of portraits that no training drew: in these every network of the package finds over 15 % hair.
SEED, PORTRAITS = 20_251_125, (4, 12)


def torch_masks(home: Home) -> Expect:
    """By a model's name; the reason where its checkpoint is not there."""

    @cache
    def expect(model: str) -> Sequence[Expected] | str:
        from devices.masks import Expected
        from train.synthetic.scene import portrait
        from zoo.checkpoint import checkpoint_path
        from zoo.registry import get
        from zoo.resizing import to_input
        from zoo.runtime.runtime import open_model

        spec = get(model)
        path = checkpoint_path(home, spec)
        if not path.is_file():
            return f"its checkpoint, {path.name}, is not there"
        opened = open_model(path, "torch", 1)
        images = [to_input(portrait(SEED, n)[0], spec.size) for n in PORTRAITS]
        return [Expected(image=image, mask=opened.predict(image)[0]) for image in images]

    return expect
