"""From what a file tells of its outputs, and what its user said, to how its mask is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown
from zoo.imported.choices import FILE, GUESS, YOURS, Choices
from zoo.imported.look import Result, Seen
from zoo.imported.record import Activation, Input, Output

# Of the sides' ratio.
NEAR = 0.05
SMALLEST = 8
# Of an image of bytes, half of its highest level.
HALF_OF_BYTES = 127.5


@dataclass(frozen=True, kw_only=True)
class _Mask:
    """An output that could be a mask."""

    index: int
    result: Result
    layout: Literal["nhwc", "nchw", "hw"]
    channels: int
    height: int
    width: int


def read_as(seen: Seen, given: Input, chosen: Choices, why: dict[str, str]) -> Output:
    masks = [m for i, one in enumerate(seen.outputs) if (m := _mask(i, one, given))]
    mask = _chosen_mask(seen, masks, chosen, why)
    activation = _activation(mask, chosen, why)
    channel = _channel(mask, activation, chosen, why)
    usual = HALF_OF_BYTES if mask.result.image else 0.5
    why["threshold"] = GUESS if chosen.threshold is None else YOURS
    return Output(
        index=mask.index,
        name=mask.result.name,
        height=mask.height,
        width=mask.width,
        layout=mask.layout,
        channel=channel,
        activation=activation,
        threshold=usual if chosen.threshold is None else chosen.threshold,
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
    if result.image:
        why["activation"] = f"{FILE}: it gives an image of 0..255"
        return "none"
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
