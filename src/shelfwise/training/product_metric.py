"""A linear metric in which views of one photo lie close together, for telling products apart."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["RANK", "SHRINK", "fit_product_metric"]

RANK: Final = 384
"""Numbers that are kept of an embedding."""
SHRINK: Final = 0.3
"""How far the covariance is drawn towards that of a ball, which has no direction of its own."""


def fit_product_metric(
    views: NDArray[np.floating[Any]],
    compared: NDArray[np.bool_] | None = None,
    *,
    rank: int = RANK,
    shrink: float = SHRINK,
) -> NDArray[np.float16]:
    """Fit the matrix that embeddings are multiplied by before their cosine is taken.

    A product that lies on its side, or that is seen in a mirror, is the same product: in what directions its
    embedding moves then says nothing of what it is. The covariance of that movement is made the unit one
    (within-class covariance normalisation; Hatch, Kajarekar and Stolcke 2006, "Within-class covariance
    normalization for SVM-based speaker recognition", with each photo a class):

        W = S^(-1/2),  S = (1 - shrink) · C + shrink · tr(C)/D · I,  C = mean of (vᵢ - v̄)(vᵢ - v̄)ᵀ

    over the views v of each photo, scaled to length 1, about their mean v̄. Of what W gives, the directions in which
    photos are largest are kept.

    Args:
        views: embeddings of N photos in V views each, at least two, of D features: (N, V, D).
        compared: which features say what a product is, (D,); the others count for nothing. All by default.
        rank: how many directions to keep at most.
        shrink: 0 (the covariance as it is) to 1 (nothing but a choice of directions).

    Returns:
        float16 array (D, kept), such that embeddings of length 1 have a root mean square length of about 1.

    Raises:
        ValueError: there is no photo, no second view, or no feature to compare.
    """
    if views.ndim != 3 or not len(views) or views.shape[1] < 2:
        raise ValueError(f"photos in two views at least are needed, not {views.shape}")
    features = np.arange(views.shape[2]) if compared is None else np.flatnonzero(compared)
    if not len(features):
        raise ValueError("no feature is to be compared")
    unit = _unit(views[..., features].astype(np.float64))
    moved = (unit - unit.mean(axis=1, keepdims=True)).reshape(-1, len(features))
    within = moved.T @ moved / (len(views) * (views.shape[1] - 1))
    ball = np.eye(len(features)) * np.trace(within) / len(features)
    sizes, axes = np.linalg.eigh((1 - shrink) * within + shrink * ball)
    whiten = axes / np.sqrt(np.maximum(sizes, np.finfo(np.float32).tiny))
    turned = unit.reshape(-1, len(features)) @ whiten
    strengths, directions = np.linalg.eigh(turned.T @ turned / len(turned))
    kept = directions[:, ::-1][:, :rank]
    matrix = whiten @ kept / np.sqrt(strengths.sum())
    metric = np.zeros((views.shape[2], kept.shape[1]), np.float16)
    metric[features] = matrix
    return metric


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return unit
