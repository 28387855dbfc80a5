"""From a picture to the square of pixels a network takes. Training and serving both go through here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.errors import ConfigError, ImageError
from shelfwise.images.decode import DEFAULT_LIMITS, open_picture
from shelfwise.images.reading import Limits

__all__ = ["BoxLike", "Decoded", "Preprocessing", "ResizeMode"]

ResizeMode = Literal["squash", "crop", "pad"]
_PAD_GREY = (128, 128, 128)
_FILTER = Image.Resampling.BILINEAR
_MAX_SIZE = 4096


class BoxLike(Protocol):
    """An upright rectangle in pixels of the picture as shown."""

    @property
    def x(self) -> float: ...  # noqa: D102
    @property
    def y(self) -> float: ...  # noqa: D102
    @property
    def width(self) -> float: ...  # noqa: D102
    @property
    def height(self) -> float: ...  # noqa: D102


class Decoded(NamedTuple):
    """A picture's pixels, the part of them that fills the square, and the size of the whole picture.

    Attributes:
        image: the pixels, of a JPEG at a fraction of its resolution where that is enough.
        region: left, top, right and bottom of the part, in these pixels.
        full: width and height of the picture at full resolution.
    """

    image: Image.Image
    region: tuple[float, float, float, float]
    full: tuple[int, int]


@dataclass(frozen=True)
class Preprocessing:
    """How any picture becomes a network's input.

    Attributes:
        size: side of the square input, in pixels.
        resize: ``squash`` stretches the whole picture into the square, ``crop`` takes the largest square of
            its middle, ``pad`` keeps its shape and fills the rest with grey (128).
        mean: per RGB channel, on the scale 0 to 1; subtracted inside the network's graph, not here.
        std: per RGB channel, on the scale 0 to 1; divided by inside the network's graph, not here.
    """

    size: int
    resize: ResizeMode = "squash"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or not 1 <= self.size <= _MAX_SIZE:
            raise ConfigError(f"preprocessing: size must be 1 to {_MAX_SIZE} pixels, not {self.size!r}")
        if self.resize not in get_args(ResizeMode):
            known = ", ".join(get_args(ResizeMode))
            raise ConfigError(f"preprocessing: resize must be one of {known}, not {self.resize!r}")
        object.__setattr__(self, "mean", _channels("mean", self.mean))
        object.__setattr__(self, "std", _channels("std", self.std))
        if min(self.std) <= 0:
            raise ConfigError(f"preprocessing: std must be positive, not {self.std}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Build from what :meth:`to_dict` gave. Raises ConfigError for a missing, unknown or wrong value."""
        known = {field.name for field in fields(cls)}
        if wrong := known.symmetric_difference(values):
            verb = "unknown" if wrong - known else "missing"
            raise ConfigError(f"preprocessing: {verb} {', '.join(sorted(wrong))}")
        return cls(**values)

    def with_size(self, size: int) -> Preprocessing:
        """Return the same with another input size."""
        return replace(self, size=size)

    def load(
        self,
        source: Path | bytes,
        *,
        box: BoxLike | None = None,
        name: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> NDArray[np.uint8]:
        """Decode a picture, cut out ``box`` and resize: the one path from a file to a network's input.

        Args:
            source: a path, or the bytes of a picture file.
            box: the part to take, in pixels of the upright picture at full resolution; all of it by default.
                What reaches beyond the picture is cut off.
            name: what to call the picture in errors; the path by default.
            limits: what the picture may cost at most.

        Returns:
            uint8 array of shape (size, size, 3).

        Raises:
            ImageError: the picture cannot be read, or the box lies outside it.
        """
        return self.fit(self.decode(source, box=box, name=name, limits=limits))

    def decode(
        self,
        source: Path | bytes,
        *,
        box: BoxLike | None = None,
        name: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Decoded:
        """The first half of :meth:`load`: pixels no larger than they need to be. Arguments and errors as there."""
        picture = open_picture(source, name=name, limits=limits)
        region = self._region(picture.size, box, picture.name)
        image = picture.rgb(self._enough(region))
        left, top, right, bottom = (edge / picture.shrink for edge in region)
        return Decoded(image, (left, top, right, bottom), picture.size)

    def fit(self, decoded: Decoded) -> NDArray[np.uint8]:
        """The second half of :meth:`load`: resize, once. Gives uint8 of shape (size, size, 3)."""
        return self._resized(decoded.image, decoded.region)

    def apply(self, image: NDArray[np.uint8], *, name: str = "array") -> NDArray[np.uint8]:
        """Resize pixels that are decoded already.

        Args:
            image: uint8 array of shape (height, width, 3), RGB.
            name: what to call it in errors.

        Returns:
            uint8 array of shape (size, size, 3).

        Raises:
            ImageError: the array has another shape or type.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            shape = " × ".join(map(str, image.shape))
            raise ImageError(name, f"must be height × width × 3 of uint8, not {shape} of {image.dtype}")
        picture = Image.fromarray(np.ascontiguousarray(image))
        return self._resized(picture, self._region(picture.size, None, name))

    def cut(self, picture: Image.Image, box: BoxLike, *, name: str = "picture") -> NDArray[np.uint8]:
        """Cut a part out of a picture that is decoded already, and resize: what :meth:`load` gives for that part.

        Args:
            picture: RGB, upright, at full resolution.
            box: the part, in pixels of it.
            name: what to call the picture in errors.

        Returns:
            uint8 array of shape (size, size, 3).

        Raises:
            ImageError: the box lies outside the picture.
        """
        return self._resized(picture, self._region(picture.size, box, name))

    def _region(
        self, size: tuple[int, int], box: BoxLike | None, name: str
    ) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the part that fills the square (``pad``: fills it one way)."""
        left, top, right, bottom = 0.0, 0.0, float(size[0]), float(size[1])
        if box is not None:
            left, top = max(left, box.x), max(top, box.y)
            right, bottom = min(right, box.x + box.width), min(bottom, box.y + box.height)
            sides = right - left, bottom - top, box.width, box.height
            if not all(side >= 1 for side in sides):  # in this form NaN is refused too
                raise ImageError(name, f"a box lies outside the picture of {size[0]} × {size[1]} pixels")
        if self.resize == "crop":
            side = min(right - left, bottom - top)
            left, top = (left + right - side) / 2, (top + bottom - side) / 2
            right, bottom = left + side, top + side
        return left, top, right, bottom

    def _enough(self, region: tuple[float, float, float, float]) -> float:
        """The fraction of the full resolution at which ``region`` still fills the square."""
        width, height = region[2] - region[0], region[3] - region[1]
        return self.size / (max(width, height) if self.resize == "pad" else min(width, height))

    def _resized(self, image: Image.Image, region: tuple[float, ...]) -> NDArray[np.uint8]:
        left, top = region[:2]
        right, bottom = min(region[2], image.width), min(region[3], image.height)
        size = (self.size, self.size)
        if self.resize == "pad":
            size = _fit(right - left, bottom - top, self.size)
        if image.size != size or (left, top, right, bottom) != (0, 0, *size):
            image = image.resize(size, _FILTER, box=(left, top, right, bottom))
        if size != (self.size, self.size):
            square = Image.new("RGB", (self.size, self.size), _PAD_GREY)
            square.paste(image, ((self.size - size[0]) // 2, (self.size - size[1]) // 2))
            image = square
        return np.array(image)


def _fit(width: float, height: float, size: int) -> tuple[int, int]:
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _channels(name: str, values: object) -> tuple[float, float, float]:
    numbers = list(values) if isinstance(values, list | tuple) else []
    if len(numbers) != 3 or not all(
        isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in numbers
    ):
        raise ConfigError(f"preprocessing: {name} must be three numbers, not {values!r}")
    return float(numbers[0]), float(numbers[1]), float(numbers[2])
