"""Dense shelves: rows of runs of facings, with what stands between, before and behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas, Hole
from shelfwise.datasets.scenes.clutter import draw_hand
from shelfwise.datasets.scenes.fittings import (
    RailStyle,
    clear_front,
    divider,
    door,
    draw_rail,
    hook,
    rail_style,
    sign,
    tray_front,
)  # fmt: skip
from shelfwise.datasets.scenes.palettes import Look
from shelfwise.datasets.scenes.pixels import Array, Colour, noise, resized, turned
from shelfwise.datasets.scenes.surfaces import ground, wall
from shelfwise.datasets.scenes.wares import Product, Wares, lit, varied

__all__ = ["draw_shelf"]


@dataclass(frozen=True)
class _Plan:
    """What is the same all over one shelf."""

    left: float
    right: float
    row_height: float
    rail: float
    style: RailStyle
    painted: float
    gaps: float
    depth: float
    tidy: float
    order: str
    lean: float
    loose: float
    hanging: float
    trays: float
    squeeze: float
    dividers: bool
    stock: bool


@dataclass
class _Row:
    """One row while it is filled: what is to be drawn, from the back to the front, and where tags go."""

    number: int
    base: float
    clear: float
    hanging: bool
    column: int = 0
    behind: list[tuple[Array, float, float, str]] = field(default_factory=list)
    facings: list[tuple[Array, float, float, str, int, int]] = field(default_factory=list)
    fronts: list[tuple[Array, float, float]] = field(default_factory=list)
    tags: list[float] = field(default_factory=list)
    pegs: list[tuple[float, float, float]] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)


def draw_shelf(
    rng: np.random.Generator, wares: Wares, size: tuple[int, int], rows: int, *, stock: bool = True
) -> Canvas:
    """Draw a shelf that fills a canvas.

    Args:
        rng: random numbers.
        wares: what it is stocked with.
        size: width and height of the canvas.
        rows: how many rows it shows, 1 at least.
        stock: False: it stands empty.
    """
    width, height = size
    look = wares.look
    canvas = Canvas(np.ascontiguousarray(wall(rng, look, height, width)))
    plan = _plan(rng, look, size, rows, stock)
    tops = _surroundings(rng, look, canvas, plan, rows)
    filled = [_fill(rng, wares, plan, number, top) for number, top in enumerate(tops)]
    for row in filled:
        _draw_row(rng, canvas, plan, row)
    for row in filled:
        top = row.base
        draw_rail(rng, canvas, plan.style, plan.left, plan.right, top, plan.rail, row.tags)
    _posts(rng, canvas, plan)
    _signs(rng, look, canvas, plan, filled)
    if rng.random() < 0.12:
        door(rng, canvas)
    if stock and rng.random() < 0.04:
        draw_hand(rng, canvas)
    return canvas


def _plan(rng: np.random.Generator, look: Look, size: tuple[int, int], rows: int, stock: bool) -> _Plan:
    width, height = size
    left = float(rng.choice([-5, -5, -5, rng.uniform(0.02, 0.22) * width]))
    right = float(width + 5 if rng.random() < 0.75 else width * rng.uniform(0.8, 0.98))
    row_height = height / rows
    rail = row_height * rng.choice(
        [rng.uniform(0.05, 0.11), rng.uniform(0.09, 0.2), 0.02], p=[0.5, 0.42, 0.08]
    )
    return _Plan(
        left=left,
        right=right,
        row_height=row_height,
        rail=float(rail),
        style=rail_style(rng, look),
        painted=float(rng.choice([0.0, 0.25, 0.5, 0.8, 1.0])),
        gaps=float(rng.choice([0.0, 0.04, 0.1, 0.3], p=[0.3, 0.4, 0.22, 0.08])),
        depth=float(rng.choice([0.0, 0.5, 0.9])),
        tidy=float(rng.uniform(0.004, 0.05)),
        order=str(rng.choice(["any", "category"])),
        lean=float(rng.choice([0.0, 0.03, 0.15], p=[0.5, 0.35, 0.15])),
        loose=0.25 if rng.random() < 0.06 else 0.0,
        hanging=float(rng.choice([0.0, 0.3, 1.0], p=[0.8, 0.15, 0.05])),
        trays=float(rng.choice([0.0, 0.25, 0.9], p=[0.6, 0.3, 0.1])),
        squeeze=float(rng.choice([1.0, rng.uniform(0.55, 1.0)])),
        dividers=bool(rng.random() < 0.15),
        stock=stock,
    )


def _surroundings(
    rng: np.random.Generator, look: Look, canvas: Canvas, plan: _Plan, rows: int
) -> list[float]:
    """Draw what is beside, over and under the shelf; return the rows' upper ends."""
    width, height = canvas.size
    start = (
        -rng.uniform(0, 0.6) * plan.row_height
        if rng.random() < 0.75
        else rng.uniform(0, 0.35) * plan.row_height
    )
    unequal = rng.uniform(0, 0.25) if rows > 1 else 0.0
    tops, y = [], float(start)
    while y < height * (1 if plan.left < 0 or rng.random() < 0.7 else 0.88):
        tops.append(y)
        y += plan.row_height * (1 + rng.uniform(-unequal, unequal))
    tops.append(y)
    seen = plan.left > 0 or plan.right < width or tops[0] > 0
    aisle = _aisle(rng, look, width, height) if seen else canvas.pixels
    if plan.left > 0:
        canvas.pixels[:, : int(plan.left)] = aisle[:, : int(plan.left)]
    if plan.right < width:
        canvas.pixels[:, int(plan.right) :] = aisle[:, int(plan.right) :]
    if tops[0] > 0:
        canvas.pixels[: int(tops[0])] = aisle[: int(tops[0])]
    if y < height:
        floor = ground(rng, look, max(int(height - y), 1), width)
        canvas.pixels[height - floor.shape[0] :] = floor
    return tops


def _aisle(rng: np.random.Generator, look: Look, width: int, height: int) -> Array:
    """Ceiling, far blurred things, floor."""
    small = np.full((height // 8 + 1, width // 8 + 1, 3), rng.integers(90, 240), np.float32)
    marks = np.stack([noise(rng, (9, 13), small.shape[:2]) for _ in range(3)], axis=-1)
    small = np.clip(small + marks * 60, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 6))):
        x, y = int(rng.uniform(0, small.shape[1])), int(rng.uniform(0, small.shape[0] * 0.3))
        cv2.rectangle(small, (x, y), (x + 20, y + 3), (255, 255, 250), -1)
    aisle = resized(cv2.GaussianBlur(small, (0, 0), 1.5), width, height)
    floor = ground(rng, look, height, width)
    line = int(height * rng.uniform(0.6, 0.9))
    aisle[line:] = floor[line:]
    return aisle


def _fill(rng: np.random.Generator, wares: Wares, plan: _Plan, number: int, top: float) -> _Row:
    """Choose what stands in one row, from its left end to its right."""
    clear = plan.row_height - plan.rail - plan.row_height * 0.03
    row = _Row(number, top + plan.row_height - plan.rail, clear, bool(rng.random() < plan.hanging))
    if not plan.stock:
        row.tags = list(np.arange(plan.left, plan.right, plan.row_height * rng.uniform(0.4, 1.2)))
        return row
    low, high = sorted(rng.uniform(0.45, 0.98, 2))
    group = wares.group(rng) if plan.order == "category" else []
    x = plan.left + (-rng.uniform(0, 0.5) * plan.row_height if plan.left < 0 else 3)
    product, wide, high_px = None, 0, 0
    while x < plan.right:
        if product is not None and rng.random() < plan.gaps:
            x = _leave_gap(rng, plan, row, product, wide, high_px, x)
            continue
        product = wares.pick(rng, clear * high, painted=plan.painted, loose=plan.loose, group=group)
        high_px = max(round(clear * rng.uniform(low, high)), 8)
        wide = max(round(high_px * product.aspect * plan.squeeze), 5)
        most = clear * (1.8 if rng.random() < 0.12 else 0.95)
        if wide > most:
            wide, high_px = round(most), max(round(high_px * most / wide), 8)
        run = min(1 + int(rng.geometric(0.32)) - int(rng.random() < 0.3), 9) or 1
        end = _add_run(rng, wares, plan, row, product, wide, high_px, x, run)
        if end <= x:  # no room for even one
            break
        x = end
    return row


def _leave_gap(
    rng: np.random.Generator, plan: _Plan, row: _Row, product: Product, wide: int, high: int, x: float
) -> float:
    facings = int(rng.integers(1, 4))
    room = wide * facings * rng.uniform(1.0, 1.2)
    if x > plan.left and x + room < plan.right:
        corners = np.array(
            [[x, row.base - high], [x + room, row.base - high], [x + room, row.base], [x, row.base]]
        )
        if not row.hanging:
            row.holes.append(Hole(corners, row.number, product.name, row.column, facings))
    return x + room


def _add_run(
    rng: np.random.Generator, wares: Wares, plan: _Plan, row: _Row, product: Product, wide: int, high: int, x: float,
    run: int,
) -> float:  # fmt: skip
    """Add facings of one product; return where they end."""
    start = x
    levels = 1
    if row.hanging:
        levels = max(int(row.clear / (high * 1.15)), 1)
    elif wide > 0.45 * high and rng.random() < 0.75:
        levels = max(min(int(row.clear * 0.98 / high), 4), 1)
    spacing = wide * float(
        rng.choice(
            [rng.uniform(-0.04, 0.02), rng.uniform(0, 0.06), rng.uniform(0.05, 0.25)], p=[0.45, 0.45, 0.1]
        )
    )
    row.tags.append(x + wide * rng.uniform(0, 0.4))
    set_back = rng.random() < 0.1
    for _ in range(run):
        if x > plan.right - wide * 0.35:
            break
        stack = levels if rng.random() < 0.85 else int(rng.integers(1, levels + 1))
        _add_stack(rng, plan, row, product, wide, high, x, stack, set_back)
        x += wide + spacing + rng.normal(0, plan.tidy) * wide
        row.column += 1
    if x > start and not row.hanging and rng.random() < plan.trays:
        front = tray_front(rng, wares.look, round(x - start), round(high * rng.uniform(0.08, 0.3)))
        row.fronts.append((front, start, row.base - front.shape[0]))
    if rng.random() < 0.15:
        row.tags.append(x - wide * 0.7)
    return x


def _add_stack(
    rng: np.random.Generator, plan: _Plan, row: _Row, product: Product, wide: int, high: int, x: float, levels: int,
    set_back: bool,
) -> None:  # fmt: skip
    deep = rng.random() < plan.depth
    foot = (
        row.base - (row.clear * rng.uniform(0.02, 0.08) if set_back else 0) - rng.uniform(0, 0.01) * row.clear
    )
    for level in range(levels):
        w = max(round(wide * (1 + rng.normal(0, plan.tidy * 0.6))), 4)
        h = max(round(high * (1 + rng.normal(0, plan.tidy * 0.6))), 6)
        rgba = varied(rng, product, w, h)
        if rng.random() < 0.12:
            rgba = _yawed(rng, rgba)
        if rng.random() < plan.lean:
            rgba = turned(rgba, float(rng.normal(0, 4)))
        elif levels == 1 and not row.hanging and rng.random() < 0.006:
            rgba = np.ascontiguousarray(np.rot90(rgba))
        if row.hanging:
            y = row.base - row.clear + level * high * 1.14 + high * 0.1
            row.pegs.append((x + w / 2, y, wide))
        else:
            y = foot - level * high - rgba.shape[0]
        jog = rng.normal(0, plan.tidy) * wide if level else 0.0
        row.facings.append((rgba, x + jog, y, product.name, level, row.column))
        if deep and (level == levels - 1 or row.hanging):
            _add_behind(rng, row, product, w, h, x, y)


def _add_behind(
    rng: np.random.Generator, row: _Row, product: Product, wide: int, high: int, x: float, y: float
) -> None:
    """The ones behind a facing: smaller, dimmer, a little higher or to the side."""
    rise, aside = rng.uniform(-0.03, 0.1), rng.normal(0, 0.04)
    for step in range(int(rng.integers(1, 3)), 0, -1):
        shrink = 0.95**step
        rgba = resized(product.rgba, max(round(wide * shrink), 4), max(round(high * shrink), 6))
        rgba = lit(rgba, 0.72**step)
        row.behind.append(
            (rgba, x + wide * (aside * step + (1 - shrink) / 2), y - high * rise * step, product.name)
        )


def _yawed(rng: np.random.Generator, rgba: Array) -> Array:
    """Turned a little about its upright axis: narrower, one side higher and darker."""
    height, width = rgba.shape[:2]
    narrow, rise = max(width * rng.uniform(0.82, 0.98), 4), height * rng.uniform(0, 0.035)
    quad = np.array([[0, rise], [narrow, 0], [narrow, height], [0, height - rise]], np.float32)
    if rng.random() < 0.5:
        quad = np.array([[0, 0], [narrow, rise], [narrow, height - rise], [0, height]], np.float32)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return cv2.warpPerspective(rgba, cv2.getPerspectiveTransform(source, quad), (int(narrow) + 1, height))


def _draw_row(rng: np.random.Generator, canvas: Canvas, plan: _Plan, row: _Row) -> None:
    top = row.base - row.clear - plan.row_height * 0.03
    left, right = plan.left, plan.right
    inside = (left, top, right, row.base)
    dark = np.linspace(rng.uniform(0.25, 0.7), rng.uniform(0.6, 1.0), 8)[:, None].astype(np.float32)
    canvas.light(inside, dark)
    board = plan.row_height * rng.uniform(0, 0.06)
    shade: Colour = plan.style.colour
    canvas.rectangle((left, row.base - board, right, row.base), shade)
    canvas.light((left, row.base - board, right, row.base), rng.uniform(0.4, 0.9))
    for rgba, x, y, name in row.behind:
        canvas.place(rgba, x, y, name)
    order = rng.permutation(len(row.facings)) if rng.random() < 0.3 else range(len(row.facings))
    for index in order:
        rgba, x, y, name, level, column = row.facings[index]
        canvas.place(rgba, x, y, name, row=row.number, level=level, column=column)
    for peg, (x, y, wide) in enumerate(row.pegs):
        hook(rng, canvas, x, y, wide, plan.style.tags[0] if peg % 2 == 0 and plan.style.every > 0.5 else None)
    for front, x, y in row.fronts:
        canvas.lay(front, x, y)
    if plan.style.clear:
        clear_front(canvas, left, right, row.base, row.clear * rng.uniform(0.06, 0.16))
    for place in row.tags if plan.dividers and not row.hanging else ():
        divider(canvas, place, row.base, row.clear * rng.uniform(0.08, 0.3))
    canvas.holes.extend(row.holes)
    fade = np.array([[rng.uniform(0.45, 0.85)], [0.9], [1.0], [1.0], [1.0]], np.float32)
    canvas.light((left, top, right, row.base), fade)


def _posts(rng: np.random.Generator, canvas: Canvas, plan: _Plan) -> None:
    """Uprights at the ends and, in places, between."""
    height = canvas.size[1]
    thick = plan.row_height * rng.uniform(0.03, 0.12)
    for x, there in ((plan.left - thick, plan.left > 0), (plan.right, plan.right < canvas.size[0])):
        if there:
            canvas.rectangle((x, 0, x + thick, height), plan.style.colour)
            canvas.light((x, 0, x + thick, height), np.array([[0.6, 1.0, 0.8]], np.float32))
    if rng.random() < 0.25:
        x = rng.uniform(0.2, 0.8) * canvas.size[0]
        canvas.rectangle((x, 0, x + thick * 0.6, height), plan.style.colour)


def _signs(rng: np.random.Generator, look: Look, canvas: Canvas, plan: _Plan, rows: Sequence[_Row]) -> None:
    """Wobblers and signs that hang before products."""
    if rng.random() < 0.5:
        return
    for _ in range(int(rng.integers(1, 6))):
        row = rows[int(rng.integers(len(rows)))]
        high = max(round(plan.row_height * rng.uniform(0.12, 0.4)), 8)
        picture = sign(rng, look, high)
        canvas.lay(picture, rng.uniform(plan.left, plan.right), row.base + rng.uniform(-0.6, 0.4) * high)
