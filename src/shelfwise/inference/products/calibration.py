"""When is a photo near enough to a product to be it? Fitted from the enrolled photos themselves.

Two similarities are looked at. *Same*: a photo against its own product, the photo itself left out. *Other*: a photo
against the nearest other product, which is what a product that is not in the index would meet. Both are taken for
normal, with means m₁ and m₀ and one variance s². That is Fisher's linear discriminant (1936) in one dimension: at
even odds, the odds that similarity x is of the same product are exp(a (x − t)), with

    t = (m₀ + m₁) / 2        a = (m₁ − m₀) / s²

Few photos say little, so each estimate starts from a prior that counts as ``weight`` photos (the posterior mean of
the conjugate prior; Gelman et al., Bayesian Data Analysis, section 3.3):

    m₀ = (w·p₀ + Σ other) / (w + n₀)
    m₁ = (w·q  + Σ same ) / (w + n₁)      q = 1 − (1 − m₀)·(1 − p₁) / (1 − p₀)
    s² = (w·p² + Σ (other − m₀)² + Σ (same − m₁)²) / (w + n₀ + n₁)

q is p₁ carried over to these products: where all look alike, photos of one product are expected to be nearer too. One
photo each thus gives other similarities and an expectation of the same ones; a single photo gives the prior alone.
Where the photos of one product are no more alike than different products, m₁ is held s/4 above m₀, so that a greater
similarity always counts for more and the threshold lies above the mean of the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from shelfwise.errors import ProductIndexError
from shelfwise.inference.products.records import Strict

__all__ = ["METRIC", "Calibration", "Prior", "fit", "measured_prior", "prior_of"]

METRIC: Final = "similarity"
"""The name under which a bundle's metrics may carry the prior of its embedding."""
_DIGITS: Final = 6
_LEAST_SPREAD: Final = 0.02
_APART: Final = 0.25
_Similarity = Annotated[float, Field(ge=-1, le=1)]
_Spread = Annotated[float, Field(ge=_LEAST_SPREAD, le=1)]


class Prior(Strict):
    """Similarities to expect before any photo has been seen.

    The defaults are those of frozen TinyViT-5M features on Grocery Store's 81 fine classes. Other models can carry
    their own: see :func:`measured_prior`.

    Attributes:
        same: mean similarity of a photo to its own product, where ``other`` is that to the nearest other.
        other: mean similarity to the nearest other product, in an index of few.
        spread: standard deviation of either.
        weight: how many photos the prior counts as.
    """

    same: _Similarity = 0.72
    other: _Similarity = 0.5
    spread: _Spread = 0.12
    weight: Annotated[float, Field(gt=0, le=1000)] = 4.0

    @model_validator(mode="after")
    def _ordered(self) -> Prior:
        if not self.other < self.same:
            raise ValueError("photos of the same product must be expected to be more alike than of others")
        return self


class Calibration(Strict):
    """What was fitted: see the module's formulas.

    Attributes:
        threshold: t, the similarity below which a photo shows an unknown product.
        slope: a, how fast the odds grow with similarity.
        same, other, spread: m₁, m₀, s.
        same_photos, other_photos: n₁, n₀.
    """

    threshold: _Similarity
    slope: Annotated[float, Field(gt=0)]
    same: _Similarity
    other: _Similarity
    spread: _Spread
    same_photos: Annotated[int, Field(ge=0)]
    other_photos: Annotated[int, Field(ge=0)]

    def confidences(self, similarities: Sequence[float]) -> list[float]:
        """How likely each of these products is the one on the photo, where it may be none of them.

        With odds eᵢ = exp(a (xᵢ − t)) against "unknown", which weighs 1: eᵢ / (1 + Σ eⱼ).
        """
        powers = [self.slope * (similarity - self.threshold) for similarity in similarities]
        top = max([0.0, *powers])
        weights = [math.exp(power - top) for power in powers]
        total = math.fsum([math.exp(-top), *weights])
        return [weight / total for weight in weights]


def fit(same: Iterable[float], other: Iterable[float], prior: Prior) -> Calibration:
    """Fit threshold and slope; the order of the similarities does not matter, to the last bit.

    Args:
        same: similarities of photos to their own product, themselves left out.
        other: similarities of photos to the nearest other product.
        prior: what to expect.
    """
    same, other = list(same), list(other)
    weight = prior.weight
    mean_other = (weight * prior.other + math.fsum(other)) / (weight + len(other))
    expected = 1 - (1 - mean_other) * (1 - prior.same) / (1 - prior.other)
    mean_same = (weight * expected + math.fsum(same)) / (weight + len(same))
    squares = [(x - mean_other) ** 2 for x in other] + [(x - mean_same) ** 2 for x in same]
    variance = (weight * prior.spread**2 + math.fsum(squares)) / (weight + len(squares))
    spread = min(max(math.sqrt(variance), _LEAST_SPREAD), 1.0)
    mean_other = min(mean_other, 1 - _APART * spread)
    mean_same = min(max(mean_same, mean_other + _APART * spread), 1.0)
    return Calibration(
        threshold=round((mean_same + mean_other) / 2, _DIGITS),
        slope=round((mean_same - mean_other) / spread**2, _DIGITS),
        same=round(mean_same, _DIGITS),
        other=round(mean_other, _DIGITS),
        spread=round(spread, _DIGITS),
        same_photos=len(same),
        other_photos=len(other),
    )


def measured_prior(
    same: NDArray[np.float32], other: NDArray[np.float32], *, weight: float | None = None
) -> dict[str, float]:
    """The prior of a model, to be put under :data:`METRIC` into its bundle's metrics.

    Args:
        same: similarities of photos to their own product, of products that the model was not trained on.
        other: similarities of the same photos to the nearest of a few other products.
        weight: how many photos it shall count as.

    Raises:
        ValueError: they are no such similarities: the same are not above the others in the mean.
    """
    spread = math.sqrt((float(np.var(same)) + float(np.var(other))) / 2)
    values = {
        "same": round(float(np.mean(same)), _DIGITS),
        "other": round(float(np.mean(other)), _DIGITS),
        "spread": round(max(spread, _LEAST_SPREAD), _DIGITS),
        "weight": Prior().weight if weight is None else float(weight),
    }
    return Prior.model_validate(values).model_dump()


def prior_of(metrics: Mapping[str, Any], where: str) -> Prior:
    """The prior in a bundle's metrics, or the general one where they hold none.

    Raises:
        ProductIndexError: they hold something else under that name.
    """
    try:
        return Prior.model_validate(metrics.get(METRIC, {}))
    except ValidationError as error:
        first = error.errors()[0]
        raise ProductIndexError(
            f"{where}: metrics.{METRIC} cannot be used ({first['msg']}). Write the bundle anew without it"
        ) from error
