"""What an application does with one camera frame, timed stage by stage."""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter_ns

from PIL import Image

from zoo.preprocess import scaled
from zoo.resizing import resized
from zoo.runtime.open_model import OpenModel

STAGES = ("resize", "convert", "infer", "upsample")


def frame_once(model: OpenModel, frame: Image.Image, size: int) -> tuple[int, ...]:
    """Durations in ns by STAGES: the frame shrunk to size x size, made a tensor and fed, inferred,
    the mask enlarged to the frame."""
    marks = [perf_counter_ns()]
    pixels = resized(frame, size)
    marks.append(perf_counter_ns())
    model.feed(scaled(pixels[None]))
    marks.append(perf_counter_ns())
    model.infer()
    marks.append(perf_counter_ns())
    Image.fromarray(model.mask()).resize(frame.size, Image.Resampling.BILINEAR)
    marks.append(perf_counter_ns())
    return tuple(after - before for before, after in pairwise(marks))
