"""From what a file tells, and what its user said, to how it is fed and read.

Every property comes with where it is from, so that its user can see which were guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown
from zoo.imported.look import Result, Seen, Tensor
from zoo.imported.record import Activation, Channels, Colour, Input, Layout, Output, told

GUESS, FILE, YOURS = "a guess", "from the file", "as you said"
USUAL_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
# Of the sides' ratio, and of the ends of a range.
NEAR = 0.05
SMALLEST = 8


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
        made = _output(seen, given, chosen, why)
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
    why["colour"] = GUESS if chosen.colour is None else YOURS
    return Input(
        name=tensor.name,
        dtype=tensor.dtype,
        height=height,
        width=width,
        layout=layout,
        colour=chosen.colour or "rgb",
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


def _values(seen: Seen, tensor: Tensor, chosen: Choices, why: dict[str, str]) -> dict[str, Any]:
    """range, mean and std."""
    if chosen.mean is not None or chosen.std is not None:
        levels = chosen.mean is not None and max(chosen.mean) > 1
        why["range"] = YOURS if chosen.range else f"{GUESS}, by the mean"
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


@dataclass(frozen=True, kw_only=True)
class _Mask:
    """An output that could be a mask."""

    index: int
    result: Result
    layout: Literal["nhwc", "nchw", "hw"]
    channels: int
    height: int
    width: int


def _output(seen: Seen, given: Input, chosen: Choices, why: dict[str, str]) -> Output:
    masks = [m for i, one in enumerate(seen.outputs) if (m := _mask(i, one, given))]
    mask = _chosen_mask(seen, masks, chosen, why)
    activation = _activation(mask, chosen, why)
    channel = _channel(mask, activation, chosen, why)
    why["threshold"] = GUESS if chosen.threshold is None else YOURS
    return Output(
        index=mask.index,
        name=mask.result.name,
        height=mask.height,
        width=mask.width,
        layout=mask.layout,
        channel=channel,
        activation=activation,
        threshold=0.5 if chosen.threshold is None else chosen.threshold,
    )


def _mask(index: int, result: Result, given: Input) -> _Mask | None:
    """None where it has not the input's shape."""
    shape = result.shape
    ways: list[tuple[Literal["nhwc", "nchw", "hw"], int, int, int]] = []
    if len(shape) == 4 and shape[0] == 1:
        _, first, second, third = shape
        ways = [("nhwc", third, first, second), ("nchw", first, second, third)]
    elif len(shape) in (2, 3) and shape[:-2] in ((), (1,)):
        ways = [("hw", 1, shape[-2], shape[-1])]
    ratio = given.height / given.width
    fitting = [
        (layout, channels, height, width)
        for layout, channels, height, width in ways
        if min(height, width) >= SMALLEST and abs(height / width - ratio) < NEAR * ratio
    ]
    if not fitting:
        return None
    # Where both axes could be the channels: the fewer, else as the input has them.
    layout, channels, height, width = min(fitting, key=lambda w: (w[1], w[0] != given.layout))
    return _Mask(
        index=index, result=result, layout=layout, channels=channels, height=height, width=width
    )


def _chosen_mask(seen: Seen, masks: list[_Mask], chosen: Choices, why: dict[str, str]) -> _Mask:
    listed = ", ".join(
        f"{i} {shown(one.name)} {list(one.shape)}" for i, one in enumerate(seen.outputs)
    )
    if chosen.output is not None:
        why["output"] = YOURS
        named = [m for m in masks if chosen.output in (str(m.index), m.result.name)]
        if not named:
            raise ArtifactError(
                f"output {shown(chosen.output)} is no mask",
                expected=f"one of the input's shape, of: {listed}",
                remedy="--output N",
            )
        return named[0]
    # The largest, of these the one of fewest channels.
    merit = {m.index: (-m.height * m.width, m.channels) for m in masks}
    best = [m for m in masks if merit[m.index] == min(merit.values())]
    if len(best) != 1:
        raise ArtifactError(
            f"which output is the mask cannot be told, of: {listed}",
            expected="its number or name",
            remedy="--output N",
        )
    only = len(seen.outputs) == 1
    why["output"] = "the only one" if only else f"{GUESS}, of {len(seen.outputs)}: {listed}"
    return best[0]


def _activation(mask: _Mask, chosen: Choices, why: dict[str, str]) -> Activation:
    result, ends = mask.result, f"on noise its values lie in {_ends(mask.result)}"
    if chosen.activation is not None:
        why["activation"] = f"{YOURS}; {ends}"
        return chosen.activation
    why["activation"] = f"{GUESS}: {ends}"
    if not result.dtype.startswith("float"):
        return "labels"
    if result.low is not None and result.high is not None:
        axis = {"nhwc": 3, "nchw": 1}.get(mask.layout)
        if axis in result.sums_to_one and mask.channels > 1:
            why["activation"] += " and add up to 1"
        if result.low >= -1e-3 and result.high <= 1 + 1e-3:
            return "none"
    return "softmax" if mask.channels > 1 else "sigmoid"


def _ends(result: Result) -> str:
    if result.low is None or result.high is None:
        return "no bounds"
    return f"{result.low:.3g}..{result.high:.3g}"


def _channel(mask: _Mask, activation: Activation, chosen: Choices, why: dict[str, str]) -> int:
    labels = activation == "labels"
    if chosen.channel is not None:
        why["channel"] = YOURS
        if not labels and chosen.channel >= mask.channels:
            raise ArtifactError(
                f"output {mask.index} has no channel {chosen.channel}",
                expected=f"one of {mask.channels}, counted from 0",
            )
        return chosen.channel
    if mask.channels > 2 or (labels and mask.result.high != 1):
        what = "classes" if labels else f"{mask.channels} channels"
        raise ArtifactError(
            f"output {mask.index} has {what}; which one is looked for cannot be told",
            expected="its number, counted from 0",
            remedy="--channel N",
        )
    only = mask.channels == 1 and not labels
    why["channel"] = "the only one" if only else GUESS
    return 0 if only else 1


def _unlike_a_picture(seen: str) -> ArtifactError:
    return ArtifactError(
        f"the file has {seen}",
        expected="one input: a picture of three colours, [1, H, W, 3] or [1, 3, H, W]",
        remedy="bench run FILE measures its latency all the same",
    )
