"""Painted packages that are round or turned about an axis: cans, bottles, jars, tubs, tubes, sprays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from shelfwise.datasets.scenes.artwork import print_label
from shelfwise.datasets.scenes.palettes import Look, Palette
from shelfwise.datasets.scenes.pixels import Array, Colour, blend

__all__ = ["ROUND", "paint_round"]


@dataclass(frozen=True)
class _Form:
    """A silhouette that is the same left and right, and what its zones are made of, from the top down.

    Attributes:
        aspect: least and greatest width over height.
        knots: (height from the top, half width), both 0 to 1.
        zones: (from, to, material): ``cap``, ``metal``, ``body``, ``label`` or ``glass``.
        smooth: whether knots are joined by a curve.
        shift: by how much a knot may differ from package to package.
    """

    aspect: tuple[float, float]
    knots: Sequence[tuple[float, float]]
    zones: Sequence[tuple[float, float, str]]
    smooth: bool = True
    shift: float = 0.04
    pump: bool = field(default=False)


_TIN = _Form(
    (0.5, 1.15), ((0, 0.94), (0.03, 1), (0.97, 1), (1, 0.95)),
    ((0, 0.04, "metal"), (0.04, 0.96, "label"), (0.96, 1, "metal")), smooth=False, shift=0,
)  # fmt: skip
_DRINK = _Form(
    (0.4, 0.6), ((0, 0.8), (0.02, 0.82), (0.1, 1), (0.95, 1), (1, 0.8)),
    ((0, 0.04, "metal"), (0.04, 0.97, "label"), (0.97, 1, "metal")), smooth=False, shift=0.01,
)  # fmt: skip
_WINE = _Form(
    (0.22, 0.32), ((0, 0.3), (0.3, 0.32), (0.42, 0.9), (0.5, 1), (0.97, 1), (1, 0.93)),
    ((0, 0.14, "cap"), (0.14, 0.5, "glass"), (0.5, 0.86, "label"), (0.86, 1, "glass")),
)  # fmt: skip
_PET = _Form(
    (0.24, 0.4), ((0, 0.34), (0.07, 0.36), (0.1, 0.3), (0.28, 0.92), (0.36, 1), (0.6, 0.94), (0.95, 1), (1, 0.85)),
    ((0, 0.075, "cap"), (0.075, 0.34, "glass"), (0.34, 0.66, "label"), (0.66, 1, "glass")),
)  # fmt: skip
_JAR = _Form(
    (0.5, 1.0), ((0, 0.86), (0.15, 0.88), (0.18, 0.84), (0.26, 1), (0.95, 1), (1, 0.9)),
    ((0, 0.17, "cap"), (0.17, 0.3, "glass"), (0.3, 0.85, "label"), (0.85, 1, "glass")),
)  # fmt: skip
_TUB = _Form(
    (0.7, 1.8), ((0, 1), (0.06, 1), (0.08, 0.95), (1, 0.78)),
    ((0, 0.08, "cap"), (0.08, 1, "label")), smooth=False, shift=0.03,
)  # fmt: skip
_SQUEEZE = _Form(
    (0.3, 0.55), ((0, 0.7), (0.05, 0.85), (0.3, 1), (0.6, 0.88), (0.82, 0.9), (0.84, 0.5), (1, 0.55)),
    ((0, 0.84, "label"), (0.84, 1, "cap")),
)  # fmt: skip
_SHAMPOO = _Form(
    (0.3, 0.55), ((0, 0.42), (0.12, 0.44), (0.13, 0.5), (0.2, 0.95), (0.5, 1), (0.95, 0.94), (1, 0.86)),
    ((0, 0.13, "cap"), (0.13, 0.28, "body"), (0.28, 0.85, "label"), (0.85, 1, "body")),
)  # fmt: skip
_PUMP = _Form(
    (0.32, 0.6), ((0, 0.12), (0.2, 0.12), (0.21, 0.36), (0.28, 0.38), (0.29, 0.3), (0.36, 0.95), (0.95, 1), (1, 0.9)),
    ((0, 0.29, "cap"), (0.29, 0.42, "body"), (0.42, 0.88, "label"), (0.88, 1, "body")), pump=True,
)  # fmt: skip
_SPRAY = _Form(
    (0.22, 0.36), ((0, 0.6), (0.02, 0.75), (0.18, 0.78), (0.19, 0.9), (0.24, 1), (1, 1)),
    ((0, 0.19, "cap"), (0.19, 0.22, "metal"), (0.22, 0.98, "label"), (0.98, 1, "metal")), shift=0.02,
)  # fmt: skip
_TUBE = _Form(
    (0.25, 0.4), ((0, 1), (0.05, 1), (0.84, 0.7), (0.85, 0.6), (1, 0.58)),
    ((0, 0.05, "body"), (0.05, 0.84, "label"), (0.84, 1, "cap")), smooth=False,
)  # fmt: skip
_FLASK = _Form(
    (0.35, 0.65), ((0, 0.28), (0.12, 0.3), (0.14, 0.25), (0.3, 0.8), (0.45, 1), (0.8, 1), (1, 0.8)),
    ((0, 0.13, "cap"), (0.13, 0.4, "glass"), (0.4, 0.75, "label"), (0.75, 1, "glass")),
)  # fmt: skip
_CUP = _Form(
    (0.6, 0.95), ((0, 1), (0.04, 1), (0.05, 0.93), (0.95, 0.7), (1, 0.68)),
    ((0, 0.05, "metal"), (0.05, 1, "label")), smooth=False, shift=0.03,
)  # fmt: skip
_CLEANER = _Form(
    (0.36, 0.6), ((0, 0.3), (0.08, 0.34), (0.12, 0.28), (0.2, 0.4), (0.34, 0.9), (0.5, 0.82), (0.9, 1), (1, 0.95)),
    ((0, 0.11, "cap"), (0.11, 0.42, "body"), (0.42, 0.88, "label"), (0.88, 1, "body")), shift=0.08,
)  # fmt: skip

ROUND: Final[dict[str, tuple[_Form, ...]]] = {
    "tin": (_TIN,), "can": (_DRINK,), "bottle": (_WINE, _PET, _FLASK), "jar": (_JAR,), "tub": (_TUB, _CUP),
    "tube": (_SQUEEZE, _TUBE), "care": (_SHAMPOO, _PUMP, _CLEANER), "spray": (_SPRAY,),
}  # fmt: skip
"""Forms by the kind of package."""

_GLASSES: Final[tuple[Colour, ...]] = (
    (40, 70, 30), (90, 50, 20), (200, 215, 215), (60, 30, 20), (225, 190, 70), (150, 25, 20), (235, 235, 230),
    (120, 150, 60), (30, 30, 35), (210, 120, 40),
)  # fmt: skip


def paint_round(rng: np.random.Generator, look: Look, palette: Palette, kind: str, height: int) -> Array:
    """Paint a round package, ``height`` pixels high, as (H, W, 4) of uint8."""
    forms = ROUND[kind]
    form = forms[int(rng.integers(len(forms)))]
    width = max(round(height * rng.uniform(*form.aspect)), 8)
    half = _half_widths(rng, form, height)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    u = across[None, :] / half[:, None]
    alpha = np.clip((half[:, None] - np.abs(across[None, :])) * width / 2 + 0.5, 0, 1)
    picture = _materials(rng, look, palette, form, height, width, u)
    lit = picture * _shading(rng, np.clip(u, -1, 1))[..., None]
    lit += _glint(rng, u, height)[..., None] * 255
    picture = np.clip(lit, 0, 255).astype(np.uint8)
    opacity = alpha * 255
    rgba = np.dstack([picture, opacity.astype(np.uint8)])
    if form.pump:
        _nozzle(rng, rgba, palette)
    if kind in ("tin", "can", "tub", "jar") and rng.random() < 0.5:
        rgba = _seen_from_above(rng, rgba, half[0], palette, metal=form.zones[0][2] == "metal")
    return rgba


def _half_widths(rng: np.random.Generator, form: _Form, height: int) -> Array:
    knots = np.array(form.knots, np.float32)
    inner = (knots[:, 1] < 1) & (knots[:, 1] > 0.2)
    knots[:, 1] += inner * rng.uniform(-form.shift, form.shift, len(knots))
    ys = np.linspace(0, 1, height, dtype=np.float32)
    half: Array = np.interp(ys, knots[:, 0], knots[:, 1]).astype(np.float32)
    if form.smooth:
        sigma = max(height * 0.012, 0.8)
        half = cv2.GaussianBlur(
            half[:, None], (1, 0), sigmaX=0.1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE
        )[:, 0]
    shares: Array = np.clip(half / half.max(), 0.05, 1)
    return shares


def _materials(
    rng: np.random.Generator, look: Look, palette: Palette, form: _Form, height: int, width: int, u: Array
) -> Array:
    """Colours before light: every zone in its material, the label bent round the body."""
    out = np.zeros((height, width, 3), np.float32)
    glass = _GLASSES[int(rng.integers(len(_GLASSES)))]
    caps: tuple[Colour, ...] = (
        palette.accent,
        palette.second,
        (245, 245, 245),
        (25, 25, 28),
        (200, 165, 60),
        (190, 190, 195),
    )
    cap = caps[int(rng.integers(len(caps)))]
    colours: dict[str, Colour] = {
        "cap": cap, "metal": (190, 190, 195), "body": palette.ground, "glass": glass,
    }  # fmt: skip
    if rng.random() < 0.3:
        colours["body"] = (240, 240, 238)
    for start, end, material in form.zones:
        y0, y1 = round(start * height), max(round(end * height), round(start * height) + 1)
        if material == "label":
            out[y0:y1] = _bent(print_label(rng, look, palette, max(y1 - y0, 4), width), u[y0:y1])[
                : height - y0
            ]
        else:
            out[y0:y1] = colours[material]
    if any(zone[2] == "glass" for zone in form.zones) and rng.random() < 0.5:
        _fill_line(rng, out, form, height)
    _ribs(rng, out, form, height)
    return out


def _bent(label: Array, u: Array) -> Array:
    """The label as it looks round a cylinder: its middle half turn is seen."""
    height, width = u.shape
    columns = (np.arcsin(np.clip(u, -1, 1)) / np.pi + 0.5) * (width - 1)
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], u.shape)
    return cv2.remap(label, columns.astype(np.float32), np.ascontiguousarray(rows), cv2.INTER_LINEAR)


def _fill_line(rng: np.random.Generator, out: Array, form: _Form, height: int) -> None:
    """Above the liquid the glass is lighter."""
    first = next(zone for zone in form.zones if zone[2] == "glass")
    y0, y1 = (
        round(first[0] * height),
        round((first[0] + (first[1] - first[0]) * rng.uniform(0.1, 0.7)) * height),
    )
    out[y0:y1] = out[y0:y1] * 0.5 + 110


def _ribs(rng: np.random.Generator, out: Array, form: _Form, height: int) -> None:
    """Rings about caps and tins."""
    for start, end, material in form.zones:
        if material in ("cap", "metal", "glass") and rng.random() < 0.4:
            ys = np.arange(round(start * height), round(end * height))
            wave = 1 + 0.1 * np.sin(ys * rng.uniform(0.5, 1.5))
            out[ys] *= wave[:, None, None].astype(np.float32)


def _shading(rng: np.random.Generator, u: Array) -> Array:
    """Light on a cylinder: brightest at one place, darker towards the rims."""
    bright = rng.uniform(-0.4, 0.4)
    rim = rng.uniform(0.35, 0.7)
    return (rim + (1.06 - rim) * np.sqrt(np.clip(1 - ((u - bright) / (1 + abs(bright))) ** 2, 0, 1))).astype(
        np.float32
    )


def _glint(rng: np.random.Generator, u: Array, height: int) -> Array:
    """One or two upright highlights that fade at their ends."""
    out = np.zeros_like(u)
    along = np.clip(np.sin(np.linspace(0, np.pi, height)) * 1.6, 0, 1).astype(np.float32)[:, None]
    for _ in range(int(rng.integers(0, 3))):
        place, wide = rng.uniform(-0.75, 0.75), rng.uniform(0.02, 0.12)
        out += rng.uniform(0.1, 0.6) * np.exp(-(((u - place) / wide) ** 2)) * along
    return out * (np.abs(u) < 1)


def _nozzle(rng: np.random.Generator, rgba: Array, palette: Palette) -> None:
    """The head of a pump, to one side."""
    height, width = rgba.shape[:2]
    x, y = width // 2, int(height * 0.02)
    reach = int(width * rng.uniform(0.25, 0.48)) * int(rng.choice([-1, 1]))
    level = rgba[int(height * 0.24), width // 2, :3].tolist()
    thick = max(int(height * 0.045), 2)
    corners = np.array(
        [
            [x - reach // 3, y],
            [x + reach, y + thick // 2],
            [x + reach, y + thick * 2],
            [x - reach // 3, y + thick * 2],
        ]
    )
    cv2.fillPoly(rgba, [corners], (*level, 255), cv2.LINE_AA)


def _seen_from_above(
    rng: np.random.Generator, rgba: Array, half: float, palette: Palette, *, metal: bool
) -> Array:
    """Add the lid's ellipse on top, and round the foot alike."""
    height, width = rgba.shape[:2]
    rise = max(int(min(width * half, height) * rng.uniform(0.05, 0.2)), 1)
    out = np.zeros((height + 2 * rise, width, 4), np.uint8)
    ys = np.sqrt(np.clip(1 - np.linspace(-1, 1, width) ** 2, 0, 1)) * rise
    rows = np.arange(height + 2 * rise, dtype=np.float32)[:, None] - rise - ys[None, :].astype(np.float32)
    columns = np.broadcast_to(np.arange(width, dtype=np.float32)[None, :], rows.shape)
    out = cv2.remap(
        rgba, np.ascontiguousarray(columns), rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    lid: Colour = (205, 205, 210) if metal else blend(palette.accent, (255, 255, 255), 0.2)
    centre, axes = (width // 2, rise), (max(int(width * half / 2) - 1, 1), rise)
    cv2.ellipse(out, centre, axes, 0, 0, 360, (*blend(lid, (0, 0, 0), 0.35), 255), -1, cv2.LINE_AA)
    inner = (max(int(axes[0] * 0.92), 1), max(int(axes[1] * 0.85), 1))
    cv2.ellipse(out, centre, inner, 0, 0, 360, (*lid, 255), -1, cv2.LINE_AA)
    if metal:
        ring = (max(int(axes[0] * 0.6), 1), max(int(axes[1] * 0.55), 1))
        cv2.ellipse(out, centre, ring, 0, 0, 360, (*blend(lid, (0, 0, 0), 0.2), 255), 1, cv2.LINE_AA)
    return out
