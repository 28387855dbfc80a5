"""One look for all plots: two themes, fonts that can write the names, figures that become small PNGs.

Figures are built with Matplotlib's object interface on the Agg canvas; nothing global is changed.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from PIL import Image

__all__ = [
    "DARK",
    "LIGHT",
    "Theme",
    "new_figure",
    "per_cent",
    "png",
    "printable",
    "style_axes",
    "tag",
    "tick_names",
]

PIXELS_PER_INCH = 96
"""Of a web page: figures are measured in its pixels, and drawn at twice that."""

_NO_BREAK = "\N{NO-BREAK SPACE}"

_FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Arial Unicode MS",
)


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a plot. Blue and orange stay apart for every kind of colour vision; each line is labelled too."""

    name: str
    paper: str
    ink: str
    soft: str
    rule: str
    first: str
    second: str
    third: str
    low: str
    high: str

    def half(self, colour: str, share: float = 0.55) -> str:
        """A colour mixed with the paper; unlike a transparent one it hides the grid behind it."""
        (r, g, b), (pr, pg, pb) = to_rgb(colour), to_rgb(self.paper)
        rest = 1 - share
        return to_hex((share * r + rest * pr, share * g + rest * pg, share * b + rest * pb))

    def shades(self, colour: str) -> Colormap:
        """From the paper to a colour."""
        return LinearSegmentedColormap.from_list("shades", [self.low, colour, self.high])


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#1d2733",
    soft="#5a6673",
    rule="#e3e7eb",
    first="#1f6fb2",
    second="#d1590f",
    third="#0d8a6a",
    low="#ffffff",
    high="#0b2d4f",
)
DARK = Theme(
    name="dark",
    paper="#1a2028",
    ink="#e6ebf0",
    soft="#9dabb8",
    rule="#323b46",
    first="#5cb0ee",
    second="#f39a5b",
    third="#4cc9a4",
    low="#1a2028",
    high="#cfe8fb",
)


def new_figure(width: float, height: float, theme: Theme) -> Figure:
    """A figure of this size in pixels of the page."""
    figure = Figure(
        figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH),
        dpi=PIXELS_PER_INCH,
        facecolor=theme.paper,
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.06, h_pad=0.06)
    return figure


def png(figure: Figure, *, scale: float = 2.0, photos: bool = False) -> bytes:
    """Draw a figure as a PNG, of 256 colours unless it shows photos; equal figures give equal bytes."""
    raw = io.BytesIO()
    figure.savefig(
        raw,
        format="png",
        dpi=PIXELS_PER_INCH * scale,
        facecolor=figure.get_facecolor(),
        metadata={"Software": None},
    )
    if photos:
        return raw.getvalue()
    small = io.BytesIO()
    with Image.open(raw) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(small, "PNG", optimize=True)
    return small.getvalue()


def style_axes(
    axes: Axes,
    theme: Theme,
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    grid: str = "y",
    size: float = 10,
    pad: float = 10,
) -> None:
    """Give axes their frame, grid, labels and title."""
    axes.set_facecolor(theme.paper)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.soft)
    axes.tick_params(colors=theme.soft, labelsize=size, length=0, pad=5, labelfontfamily=fonts())
    if grid:
        axes.grid(visible=True, axis=grid, color=theme.rule, linewidth=1)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.set_xlabel(x, color=theme.soft, fontsize=size, labelpad=6, family=fonts())
    axes.set_ylabel(y, color=theme.soft, fontsize=size, labelpad=6, family=fonts())
    if title:
        axes.set_title(
            title, loc="left", color=theme.ink, fontsize=size + 2, fontweight="bold", pad=pad, family=fonts()
        )


def per_cent() -> FuncFormatter:
    """Ticks of shares in per cent, with decimals only where ticks lie that close."""
    return FuncFormatter(lambda share, place: f"{round(100 * share, 2):g}{_NO_BREAK}%")


def tag(axes: Axes, x: float, y: float, text: str, colour: str, **options: Any) -> Text:
    """A word beside a point; ``options`` are those of ``Axes.annotate``."""
    settings: dict[str, Any] = {
        "color": colour,
        "fontsize": 10,
        "family": fonts(),
        "textcoords": "offset points",
        "xytext": (6, 0),
        "va": "center",
        "parse_math": False,
    }
    return axes.annotate(printable(text), (x, y), **{**settings, **options})


def tick_names(labels: Sequence[Text]) -> None:
    """Names on an axis are names: no dollar sign in them begins a formula."""
    for label in labels:
        label.set_parse_math(False)


@functools.cache
def fonts() -> list[str]:
    """Those of the wanted fonts that this machine has; the first comes with Matplotlib."""
    there = set(font_manager.get_font_names())
    return [name for name in _FONTS if name in there]


@functools.cache
def _glyphs() -> frozenset[int]:
    known: set[int] = set()
    for name in fonts():
        known.update(FT2Font(font_manager.findfont(name)).get_charmap())
    return frozenset(known)


def printable(text: str, instead: str = "□") -> str:
    """Replace what no font on this machine can draw, and whatever would break the line."""
    known = _glyphs()
    return "".join(c if ord(c) in known and (c.isprintable() or c == _NO_BREAK) else instead for c in text)
