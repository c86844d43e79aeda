"""What torch made of a few drawn portraits at export, by which a phone's masks are checked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.masks import Expect, Expected
    from zoo.home import Home


def torch_masks(home: Home) -> Expect:
    """By a model's name; the reason where they are not stored."""

    @cache
    def expect(model: str) -> Sequence[Expected] | str:
        from devices.masks import Expected
        from zoo.artifact.expected import read_expected
        from zoo.registry import get

        found = read_expected(home, get(model))
        if isinstance(found, str):
            return found
        return [Expected(image=image, mask=mask) for image, mask in found]

    return expect
