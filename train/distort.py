"""What a phone does to a photograph. Training draws the strengths, `bench eval` sets them.

All take and give uint8 tensors: `pixels` [C, H, W] whose first three channels are RGB and whose
fourth is the mask, `image` [3, H, W] alone. Lengths are shares of the picture's shorter side.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as V

# Rec. 601: how bright a colour looks.
_LUMA = (0.299, 0.587, 0.114)
# How far around the hair a person is taken to reach, in sides of a square as large as the hair; and
# the width of the seam.
_REACH, _SEAM = 0.8, 0.03
_GRID = 32


@dataclass(frozen=True, kw_only=True)
class View:
    """Which part of a photograph is seen: at zoom 1, unturned, all of it.

    zoom: 2 shows half of each side, 0.5 the photograph at half its size with its mirror images
    beside it and its edges drawn out above and below. stretch: the view's shape against the
    photograph's, over 1 wider. turn: degrees. x, y: the view's centre, 0..1 from the left and the
    top.
    """

    zoom: float = 1.0
    stretch: float = 1.0
    turn: float = 0.0
    x: float = 0.5
    y: float = 0.5
    mirrored: bool = False

    @property
    def shares(self) -> tuple[float, float]:
        """Of the photograph's width and height."""
        return math.sqrt(self.stretch) / self.zoom, 1 / math.sqrt(self.stretch) / self.zoom

    @property
    def inside(self) -> bool:
        """Whether it is upright and shows nothing beyond the photograph."""
        reach = zip(self.shares, (self.x, self.y), strict=True)
        return self.turn == 0 and all(
            share / 2 <= centre + 1e-6 and centre + share / 2 <= 1 + 1e-6 for share, centre in reach
        )


def seen(pixels: Tensor, view: View, height: int, width: int) -> Tensor:
    """uint8 [C, height, width]: what the view shows, filtered where it shrinks."""
    frame = _cut if view.inside else _turned
    found = frame(pixels, view, height, width)
    return found.flip(-1) if view.mirrored else found


def _cut(pixels: Tensor, view: View, height: int, width: int) -> Tensor:
    (across, down), (rows, columns) = view.shares, pixels.shape[-2:]
    cut_width, cut_height = max(1, round(across * columns)), max(1, round(down * rows))
    left = min(max(0, round(view.x * columns - cut_width / 2)), columns - cut_width)
    top = min(max(0, round(view.y * rows - cut_height / 2)), rows - cut_height)
    part = pixels[:, top : top + cut_height, left : left + cut_width]
    resized: Tensor = V.resize(part, [height, width], antialias=True)
    return resized


def _turned(pixels: Tensor, view: View, height: int, width: int) -> Tensor:
    (across, down), (rows, columns) = view.shares, pixels.shape[-2:]
    cosine, sine = math.cos(math.radians(view.turn)), math.sin(math.radians(view.turn))
    half_width, half_height = across * columns / 2, down * rows / 2
    # From the view's -1..1 to the photograph's.
    matrix = torch.tensor(
        [
            [cosine * half_width, -sine * half_height, (view.x - 0.5) * columns],
            [sine * half_width, cosine * half_height, (view.y - 0.5) * rows],
        ]
    ) / torch.tensor([[columns / 2], [rows / 2]])
    small = [
        max(1, min(rows, round(height / down))),
        max(1, min(columns, round(width / across))),
    ]
    shrunk = V.resize(pixels, small, antialias=True) if small != [rows, columns] else pixels
    grid = F.affine_grid(matrix[None], [1, 1, height, width], align_corners=False)
    # Mirrored above and below, people would stand on their heads.
    grid[..., 1].clamp_(-1, 1)
    found = F.grid_sample(
        shrunk[None].float().contiguous(), grid, padding_mode="reflection", align_corners=False
    )
    return found[0].round_().clamp_(0, 255).to(torch.uint8)


def recoloured(pixels: Tensor, colour: tuple[float, float, float], share: float) -> Tensor:
    """Hair dyed where the mask is: `share` of its colour becomes `colour` (0..1), its light and
    shade stay."""
    image, hair = pixels[:3].float(), pixels[3:4].float() / 255
    tint = torch.tensor(colour)[:, None, None]
    light = (image * torch.tensor(_LUMA)[:, None, None]).sum(0, keepdim=True)
    # A colour darker than the hair makes it darker, one that is lighter does not bleach it out.
    brightness = float((tint[:, 0, 0] * torch.tensor(_LUMA)).sum())
    dyed = light * tint / max(brightness, 0.35)
    image += share * hair * (dyed - image)
    return torch.cat([image.round_().clamp_(0, 255).to(torch.uint8), pixels[3:]])


def lit(image: Tensor, gamma: float, gains: tuple[float, float, float]) -> Tensor:
    """Exposure as a power of the light, and a white balance of one gain a channel."""
    steps = (torch.arange(256) / 255) ** gamma * 255
    tables = steps[None] * torch.tensor(gains)[:, None]
    tables = tables.round_().clamp_(0, 255).to(torch.uint8)
    rows = zip(tables, image, strict=True)
    return torch.stack([table[channel.int()] for table, channel in rows])


def lit_from_side(image: Tensor, degrees: float, depth: float) -> Tensor:
    """Light that falls from one side to the other, by `depth` of its mean each way."""
    height, width = image.shape[-2:]
    across = torch.linspace(-1, 1, width)[None] * math.cos(math.radians(degrees))
    down = torch.linspace(-1, 1, height)[:, None] * math.sin(math.radians(degrees))
    return (image * (1 + depth * (across + down))).round_().clamp_(0, 255).to(torch.uint8)


def blurred(image: Tensor, sigma: float) -> Tensor:
    """Out of focus."""
    pixels = max(sigma * min(image.shape[-2:]), 0.1)
    kernel = 2 * math.ceil(2.5 * pixels) + 1
    if kernel // 2 >= min(image.shape[-2:]):
        kernel = 2 * (min(image.shape[-2:]) // 2) - 1
    soft: Tensor = V.gaussian_blur(image, [kernel, kernel], [pixels, pixels])
    return soft


def noisy(image: Tensor, deviation: float, generator: torch.Generator | None = None) -> Tensor:
    """The noise of a sensor; deviation in levels of 0..255, each channel its own."""
    noise = torch.randn(image.shape, generator=generator) * deviation
    return (image + noise).round_().clamp_(0, 255).to(torch.uint8)


def compressed(image: Tensor, quality: int) -> Tensor:
    """Saved as JPEG and read again."""
    stream = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).contiguous().numpy()).save(
        stream, "JPEG", quality=quality
    )
    return torch.from_numpy(np.array(Image.open(stream))).permute(2, 0, 1)


def low_resolution(image: Tensor, side: float) -> Tensor:
    """Shrunk to `side` of itself and enlarged again."""
    height, width = image.shape[-2:]
    small = V.resize(image, [max(8, round(height * side)), max(8, round(width * side))])
    enlarged: Tensor = V.resize(small, [height, width])
    return enlarged


def before(pixels: Tensor, behind: Tensor) -> Tensor:
    """The person cut out, and put before another photograph; its hair is labelled as well.

    Both [C, H, W] of one shape. A person is what lies near hair: without hair nothing changes.
    """
    hair = pixels[3:4].float() / 255
    share = float(hair.mean())
    if share == 0:
        return pixels
    coarse = F.adaptive_max_pool2d(hair[None], (_GRID, _GRID))
    reach = min(max(2, round(_REACH * math.sqrt(share) * _GRID)), _GRID)
    near = F.max_pool2d(coarse, 2 * reach + 1, stride=1, padding=reach)
    keep = F.interpolate(near, size=pixels.shape[-2:], mode="bilinear", align_corners=False)[0]
    seam = 2 * max(1, round(_SEAM * min(pixels.shape[-2:]))) + 1
    keep = V.gaussian_blur(keep, [seam, seam])
    mixed: Tensor = behind + keep * (pixels.float() - behind)
    return mixed.round_().clamp_(0, 255).to(torch.uint8)
