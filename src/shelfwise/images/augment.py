"""Augmentation of whole batches on the training device: one affine warp, one colour change, mixing.

All random numbers are drawn on the CPU from the generator that is passed in, so a batch is the same on every
device and after a resumed run. The operations and their idea follow RandAugment (Cubuk et al. 2019,
arXiv 1909.13719): each photo gets ``operations`` of them, drawn anew, at up to ``magnitude``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Augmentation", "augment", "mix", "resize", "resize_batch"]

_GEOMETRIC = ("rotate", "shear_x", "shear_y", "shift_x", "shift_y")
_COLOUR = ("brightness", "contrast", "saturation", "tint", "sharpness", "posterise")
_OPERATIONS = _GEOMETRIC + _COLOUR
_REACH = {
    "rotate": math.radians(30),
    "shear_x": 0.3,
    "shear_y": 0.3,
    "shift_x": 0.3,
    "shift_y": 0.3,
    "brightness": 0.6,
    "contrast": 0.7,
    "saturation": 0.9,
    "tint": 0.25,
    "sharpness": 1.5,
    "posterise": 1.0,
}
"""The change that magnitude 1 stands for: radians, shear, fraction of the side, relative gain."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How strongly training photos are varied.

    Attributes:
        crop: smallest part of the photo's area that a random crop keeps; 1 takes the whole photo.
        flip: whether to mirror half of the photos.
        operations: how many RandAugment-like operations each photo gets.
        magnitude: their largest strength, 0 to 1.
        erase: probability of a rectangle being painted over (Zhong et al. 2017, arXiv 1708.04896).
    """

    crop: float = 1.0
    flip: bool = False
    operations: int = 0
    magnitude: float = 0.0
    erase: float = 0.0


def resize_batch(images: Tensor, size: int) -> Tensor:
    """Photos as floats at ``size``: uint8 N×H×W×3 to float32 N×3×size×size in 0…255, not varied."""
    return resize(images.permute(0, 3, 1, 2).float(), size)


def resize(batch: Tensor, size: int) -> Tensor:
    """Pictures N×3×H×W as N×3×size×size; the same ones where they have that size."""
    if batch.shape[-1] == size and batch.shape[-2] == size:
        return batch
    return functional.interpolate(batch, (size, size), mode="bilinear", antialias=True)


def augment(images: Tensor, size: int, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Vary a batch.

    Args:
        images: uint8 N×H×W×3, on any device.
        size: side of the result in pixels.
        settings: how strongly.
        generator: of the CPU; the only source of randomness.

    Returns:
        float32 N×3×size×size in 0…255.
    """
    count = len(images)
    strength = _draw_operations(count, settings, generator)
    warp = _affine(count, strength, settings, generator).to(images.device)
    batch = images.permute(0, 3, 1, 2).float()
    grid = functional.affine_grid(warp, [count, 3, size, size], align_corners=False)
    batch = functional.grid_sample(
        batch, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    if settings.operations:
        batch = _recolour(batch, {name: s.to(images.device) for name, s in strength.items()})
    if settings.erase > 0:
        batch = _erase(batch, settings.erase, generator)
    return batch


def mix(
    images: Tensor, targets: Tensor, generator: torch.Generator, *, mixup: float, cutmix: float
) -> tuple[Tensor, Tensor]:
    """Mix each photo with another of its batch by mixup or CutMix, one of the two at random for the batch.

    Args:
        images: N×3×S×S.
        targets: N×C, rows summing to 1.
        generator: of the CPU.
        mixup: Beta parameter of mixup (Zhang et al. 2017, arXiv 1710.09412); 0 turns it off.
        cutmix: Beta parameter of CutMix (Yun et al. 2019, arXiv 1905.04899); 0 turns it off.
    """
    choices = [(kind, alpha) for kind, alpha in (("mixup", mixup), ("cutmix", cutmix)) if alpha > 0]
    if not choices:
        return images, targets
    kind, alpha = choices[int(torch.randint(len(choices), (1,), generator=generator))]
    share = _beta(alpha, generator)
    other = torch.randperm(len(images), generator=generator).to(images.device)
    if kind == "mixup":
        mixed = images * share + images[other] * (1 - share)
    else:
        top, bottom, left, right = _patch(images.shape[-1], 1 - share, generator)
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = images[other, :, top:bottom, left:right]
        share = 1 - (bottom - top) * (right - left) / images.shape[-1] ** 2
    return mixed, targets * share + targets[other] * (1 - share)


def _draw_operations(count: int, settings: Augmentation, generator: torch.Generator) -> dict[str, Tensor]:
    """Signed strength of each operation for each photo; 0 where the photo does not get it."""
    chosen = torch.rand(count, len(_OPERATIONS), generator=generator).argsort(dim=1) < settings.operations
    level = (torch.rand(count, len(_OPERATIONS), generator=generator) * 2 - 1) * settings.magnitude
    level = level * chosen
    return {name: level[:, i] * _REACH[name] for i, name in enumerate(_OPERATIONS)}


def _affine(
    count: int, strength: dict[str, Tensor], settings: Augmentation, generator: torch.Generator
) -> Tensor:
    """N×2×3 matrices from output to input coordinates (−1…1): crop, flip, rotation, shear and shift at once."""
    area = 1 - torch.rand(count, generator=generator) * (1 - settings.crop)
    # Aspect ratio 3/4 to 4/3, log-uniform, less of it the closer the crop is to the whole photo.
    ratio = (
        (torch.rand(count, generator=generator) * 2 - 1) * math.log(4 / 3) * min(1.0, (1 - settings.crop) * 4)
    )
    width = (area.sqrt() * torch.exp(ratio / 2)).clamp(max=1.0)
    height = (area.sqrt() * torch.exp(-ratio / 2)).clamp(max=1.0)
    centre_x = (torch.rand(count, generator=generator) * 2 - 1) * (1 - width)
    centre_y = (torch.rand(count, generator=generator) * 2 - 1) * (1 - height)
    mirror = torch.rand(count, generator=generator)
    sign = torch.where(mirror < 0.5, -1.0, 1.0) if settings.flip else torch.ones(count)
    cos, sin = torch.cos(strength["rotate"]), torch.sin(strength["rotate"])
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    shear = torch.eye(2).repeat(count, 1, 1)
    shear[:, 0, 1] = strength["shear_x"]
    shear[:, 1, 0] = strength["shear_y"]
    scale = torch.zeros(count, 2, 2)
    scale[:, 0, 0] = width * sign
    scale[:, 1, 1] = height
    shift = torch.stack([centre_x + strength["shift_x"], centre_y + strength["shift_y"]], 1)
    return torch.cat([turn @ shear @ scale, shift[:, :, None]], 2)


def _recolour(batch: Tensor, strength: dict[str, Tensor]) -> Tensor:
    """Brightness, contrast, saturation, tint, sharpness and posterisation, each per photo."""

    def per_photo(name: str) -> Tensor:
        return strength[name].view(-1, 1, 1, 1)

    blurred = functional.avg_pool2d(batch, 3, stride=1, padding=1, count_include_pad=False)
    batch = batch + per_photo("sharpness") * (batch - blurred)
    mean = batch.mean(dim=(1, 2, 3), keepdim=True)
    grey = batch.mean(dim=1, keepdim=True)
    batch = grey + (batch - grey) * (1 + per_photo("saturation"))
    batch = mean + (batch - mean) * (1 + per_photo("contrast"))
    # The tint warms or cools: red and blue change in opposite directions.
    tint = per_photo("tint") * torch.tensor([1.0, 0.0, -1.0], device=batch.device).view(1, 3, 1, 1)
    batch = (batch * (1 + per_photo("brightness")) * (1 + tint)).clamp(0, 255)
    step = 1 + per_photo("posterise").abs() * 63
    return torch.where(step > 1, (batch / step).floor() * step + (step - 1) / 2, batch).clamp(0, 255)


def _erase(batch: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Paint a rectangle of 2 % to 25 % of the area in the photo's mean colour over some photos."""
    for i in range(len(batch)):
        hit, share = torch.rand(2, generator=generator).tolist()
        top, bottom, left, right = _patch(batch.shape[-1], 0.02 + 0.23 * share, generator)
        if hit < probability:
            batch[i, :, top:bottom, left:right] = batch[i].mean(dim=(1, 2), keepdim=True)
    return batch


def _patch(size: int, share: float, generator: torch.Generator) -> tuple[int, int, int, int]:
    """A square of ``share`` of the area at a random place, cut at the edges: top, bottom, left, right."""
    half = size * math.sqrt(max(share, 0.0)) / 2
    x, y = (torch.rand(2, generator=generator) * size).tolist()
    return (
        max(0, round(y - half)),
        min(size, round(y + half)),
        max(0, round(x - half)),
        min(size, round(x + half)),
    )


def _beta(alpha: float, generator: torch.Generator) -> float:
    """One draw from Beta(alpha, alpha) by Jöhnk's method (1964), from the given generator alone."""
    while True:
        u, v = torch.rand(2, generator=generator, dtype=torch.float64).tolist()
        x, y = u ** (1 / alpha), v ** (1 / alpha)
        if 0 < x + y <= 1:
            return float(x / (x + y))
