"""From what a file tells, and what its user said, to how it is fed and read.

Every property comes with where it is from, so that its user can see which were guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown
from zoo.imported.choices import FILE, GUESS, YOURS, Choices
from zoo.imported.guess_output import read_as
from zoo.imported.look import Seen, Tensor
from zoo.imported.record import Colour, Input, Layout, Output, told

USUAL_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
# Of the ends of a range.
NEAR = 0.05


@dataclass(kw_only=True)
class Guessed:
    """input, output: what the record will hold. why: by property, where it is from."""

    input: Input
    output: Output
    why: dict[str, str] = field(default_factory=dict)


def guess(seen: Seen, chosen: Choices) -> Guessed:
    """Raises ArtifactError, naming the option to give, where no guess is sensible, or where what
    was chosen cannot be."""
    why: dict[str, str] = {}
    try:
        given = _input(seen, chosen, why)
        made = read_as(seen, given, chosen, why)
    except ValidationError as error:
        raise ArtifactError(
            told(error), expected="a value that can be", remedy="bench import --help"
        ) from error
    return Guessed(input=given, output=made, why=why)


def _input(seen: Seen, chosen: Choices, why: dict[str, str]) -> Input:
    if len(seen.inputs) != 1:
        names = ", ".join(shown(one.name) for one in seen.inputs)
        raise _unlike_a_picture(f"{len(seen.inputs)} inputs: {names}")
    (tensor,) = seen.inputs
    layout, height, width = _sides(tensor, chosen, why)
    if chosen.size not in (None, (height, width)):
        raise ArtifactError(
            f"the file takes pictures of {height}x{width}, as height and width",
            expected=f"no --size, or --size {height}x{width}",
        )
    why["size"] = FILE if chosen.size is None else YOURS
    return Input(
        name=tensor.name,
        dtype=tensor.dtype,
        height=height,
        width=width,
        layout=layout,
        colour=_colour(tensor, chosen, why),
        **_values(seen, tensor, chosen, why),
    )


def _sides(tensor: Tensor, chosen: Choices, why: dict[str, str]) -> tuple[Layout, int, int]:
    shape = tensor.shape
    fitting: list[tuple[Layout, int, int]] = []
    if len(shape) == 4 and shape[0] == 1 and shape[3] == 3:
        fitting.append(("nhwc", shape[1], shape[2]))
    if len(shape) == 4 and shape[0] == 1 and shape[1] == 3:
        fitting.append(("nchw", shape[2], shape[3]))
    if not fitting:
        raise _unlike_a_picture(f"an input of {list(shape)}")
    why["layout"] = FILE if chosen.layout is None else YOURS
    found = next((one for one in fitting if one[0] == chosen.layout), None)
    if chosen.layout is not None and found is None:
        raise ArtifactError(
            f"an input of {list(shape)} is not {chosen.layout}",
            expected=f"no --layout, or --layout {fitting[0][0]}",
        )
    return found or fitting[0]


def _colour(tensor: Tensor, chosen: Choices, why: dict[str, str]) -> Colour:
    if tensor.planes is None:
        why["colour"] = GUESS if chosen.colour is None else YOURS
        return chosen.colour or "rgb"
    why["colour"] = f"{FILE}: it takes images"
    if chosen.colour not in (None, tensor.planes):
        raise ArtifactError(
            f"the file takes images, and has their colours in the order {tensor.planes}",
            expected=f"no --colour, or --colour {tensor.planes}",
        )
    return tensor.planes


def _values(seen: Seen, tensor: Tensor, chosen: Choices, why: dict[str, str]) -> dict[str, Any]:
    """range, mean and std."""
    if tensor.planes is not None:
        if chosen.mean or chosen.std or chosen.range not in (None, USUAL_RANGES[2]):
            raise ArtifactError(
                "the file takes images of 0..255, and scales them itself",
                expected="no --range, no --mean and no --std",
            )
        why["range"] = f"{FILE}: it takes images, and scales them itself"
        return {"range": USUAL_RANGES[2]}
    if chosen.mean is not None or chosen.std is not None:
        levels = max(*(chosen.mean or (0.0,)), *(chosen.std or (0.0,))) > 1
        why["range"] = YOURS if chosen.range else f"{GUESS}, by mean and deviation"
        found: dict[str, Any] = {"range": chosen.range or USUAL_RANGES[2 if levels else 0]}
        stated = {"mean": chosen.mean, "std": chosen.std}
        return found | {name: value for name, value in stated.items() if value is not None}
    if chosen.range is not None:
        why["range"] = YOURS
        return {"range": chosen.range}
    if seen.normalisation is not None:
        why["range"] = f"{FILE}: its metadata"
        return _of_metadata(*seen.normalisation)
    if tensor.limits is not None:
        why["range"] = f"{FILE}: its scale and zero point"
        return {"range": _usual(tensor.limits)}
    if tensor.dtype == "uint8":
        why["range"] = f"{FILE}: it takes bytes"
        return {"range": USUAL_RANGES[2]}
    why["range"] = GUESS
    return {"range": USUAL_RANGES[0]}


def _of_metadata(mean: tuple[float, ...], std: tuple[float, ...]) -> dict[str, Any]:
    if len(set(mean)) == len(set(std)) == 1:
        return {"range": ((0 - mean[0]) / std[0], (255 - mean[0]) / std[0])}
    each = [(tuple(values) * 3)[:3] for values in (mean, std)]
    return {"range": USUAL_RANGES[2], "mean": each[0], "std": each[1]}


def _usual(limits: tuple[float, float]) -> tuple[float, float]:
    """The usual range whose ends these nearly are, for a scale is rounded."""
    for low, high in USUAL_RANGES:
        if all(abs(a - b) < NEAR * (high - low) for a, b in zip(limits, (low, high), strict=True)):
            return low, high
    return limits


def _unlike_a_picture(seen: str) -> ArtifactError:
    return ArtifactError(
        f"the file has {seen}",
        expected="one input: a picture of three colours, [1, H, W, 3] or [1, 3, H, W]",
        remedy="bench run FILE measures its latency all the same",
    )
