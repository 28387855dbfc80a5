"""What a bundle holds beside its network: when to rely on an answer, or how a detector looks at a photo."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shelfwise.errors import BundleError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shelfwise.hierarchy import Hierarchy

# The settings of a training, and so the command line, read these rules: NumPy is imported where it is needed.

__all__ = [
    "MAX_REFERENCE",
    "SIDE_STEP",
    "DecisionRule",
    "DetectionRule",
    "Task",
    "pack_reference",
    "unpack_reference",
]

Task = Literal["classify", "detect"]
"""What a model is for: to name what is on a photo, or to find the products on it."""

MAX_REFERENCE: Final = 32 * 1024 * 1024
"""Largest reference in bytes; usual ones have one or two million."""
_MAX_ARRAYS: Final = 8
_SUFFIX: Final = ".npy"
# The form has no clock in it, so that equal trainings give equal bytes: this is its earliest date.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)

SIDE_STEP: Final = 64
"""A detector takes pictures whose sides are multiples of so many pixels: its coarsest cells lie so far apart."""

Threshold = Annotated[float, Field(ge=0.5, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Side = Annotated[int, Field(ge=SIDE_STEP, le=8192, multiple_of=SIDE_STEP)]


class DecisionRule(BaseModel):
    """When to rely on an answer.

    Attributes:
        precision: share of the accepted answers that is to be right.
        keep_known: share of known photos that the novelty threshold was fitted to let through.
        levels: names of the levels of the categories, the widest first.
        thresholds: smallest probability of each node at which it is answered; None: never. At least one half, so
            that at most one node of a level passes.
        novelty: name of the novelty score.
        novelty_threshold: above it a photo is unknown.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    precision: Annotated[float, Field(gt=0, lt=1)]
    keep_known: Annotated[float, Field(gt=0, le=1)]
    levels: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    thresholds: dict[str, Threshold | None]
    novelty: Annotated[str, Field(min_length=1)]
    novelty_threshold: float

    def hierarchy(self, categories: tuple[str, ...]) -> Hierarchy:
        """The tree that the thresholds are for.

        Raises:
            ValueError: levels or thresholds do not fit the categories.
        """
        from shelfwise.hierarchy import Hierarchy

        tree = Hierarchy(categories, tuple(self.levels))
        if set(tree.nodes) != set(self.thresholds):
            odd = sorted(set(tree.nodes) ^ set(self.thresholds))
            raise ValueError(f"the thresholds are not those of the categories: see {odd[0]!r}")
        return tree


class DetectionRule(BaseModel):
    """How a detector looks at a photo, and which of its boxes count.

    Attributes:
        min_score: smallest score of a box that counts as a product; chosen on validation photos.
        suppression: of boxes that overlap, ``hard`` leaves out the less sure ones, ``soft`` makes them less sure.
        overlap: the largest intersection over union of two products' boxes; ``hard`` alone heeds it.
        overview: longer side, in pixels, that a photo is brought to for a first look at all of it.
        side: longer side at most, in pixels, at which it is looked at more closely, where its products are small.
        tile: side of what goes through the network at once there.
        tile_overlap: pixels that neighbouring tiles share; no product larger than that is sure to be whole in one.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    min_score: Share
    suppression: Literal["hard", "soft"] = "soft"
    overlap: Share = 0.5
    overview: Side = 640
    side: Side = 1600
    tile: Side = 704
    tile_overlap: Annotated[int, Field(ge=0)] = 160

    @model_validator(mode="after")
    def _tiles_advance(self) -> DetectionRule:
        if self.tile_overlap >= self.tile:
            raise ValueError(
                f"tiles of {self.tile} pixels cannot share {self.tile_overlap}: they would never advance"
            )
        return self


def pack_reference(arrays: Mapping[str, NDArray[np.floating[Any]]]) -> bytes:
    """Arrays as the bytes of an ``.npz`` file, uncompressed and without a date: equal arrays give equal bytes.

    Raises:
        BundleError: there is none, too much, or something that is no array of finite floats.
    """
    import numpy as np

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            values = np.ascontiguousarray(arrays[name])
            if values.dtype not in (np.float16, np.float32):
                raise BundleError(f"reference array {name} must be float16 or float32, not {values.dtype}")
            member = io.BytesIO()
            np.lib.format.write_array(member, values, version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(name + _SUFFIX, _EPOCH), member.getvalue())
    data = stream.getvalue()
    unpack_reference(data)
    return data


def unpack_reference(data: bytes) -> dict[str, NDArray[np.floating[Any]]]:
    """The arrays of an ``.npz`` file's bytes.

    Nothing is unpickled or decompressed, and no array is made before its size has been compared with the bytes
    that are there, so that no file can take more memory than its own length.

    Raises:
        BundleError: it is no such file, or holds something else than finite float16 or float32 arrays.
    """
    if len(data) > MAX_REFERENCE:
        raise BundleError(f"the arrays have {len(data):,} bytes; at most {MAX_REFERENCE:,} are allowed")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if not 0 < len(members) <= _MAX_ARRAYS or len({m.filename for m in members}) != len(members):
                raise ValueError(f"{len(members)} arrays, or a repeated one")
            return {_name(member): _array(archive, member, len(data)) for member in members}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, KeyError, RuntimeError) as error:
        raise BundleError(f"the arrays are damaged: {error}") from error


def _name(member: zipfile.ZipInfo) -> str:
    name = member.filename.removesuffix(_SUFFIX)
    if name == member.filename or not name.isidentifier():
        raise ValueError(f"odd name {member.filename!r}")
    return name


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> NDArray[np.floating[Any]]:
    import numpy as np

    if member.compress_type != zipfile.ZIP_STORED or member.file_size > most:
        raise ValueError(f"{member.filename}: compressed, or larger than the file")
    content = archive.read(member)
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{member.filename}: another format version")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype not in (np.dtype("<f2"), np.dtype("<f4")) or by_columns:
        raise ValueError(f"{member.filename}: must be rows of float16 or float32, not {dtype}")
    if math.prod(shape) * dtype.itemsize != len(content) - stream.tell() or min(shape, default=1) < 0:
        raise ValueError(f"{member.filename}: {len(content):,} bytes do not make the shape {shape}")
    values = np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape)
    if not np.isfinite(values).all():
        raise ValueError(f"{member.filename}: NaN or infinite")
    return values
