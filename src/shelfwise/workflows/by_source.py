"""Figures for each of the sets that a joined dataset is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shelfwise.datasets.dataset import Dataset
from shelfwise.training.report import PartResult
from shelfwise.training.source_figures import SourceFigures, measure_source

__all__ = ["by_source", "figures_by_source"]


def by_source(dataset: Dataset, part: PartResult) -> list[SourceFigures]:
    """Measure each of the sets that ``dataset`` is joined from; nothing where it is one set.

    The labels of ``part`` are those of the dataset: the model was made for it.
    """
    hierarchy = dataset.hierarchy
    figures = []
    for source in dataset.sources:
        results = [each for each in part.results if source.holds(each.key)]
        if results:
            figures.append(
                measure_source(
                    source.name,
                    source.licence,
                    hierarchy,
                    np.stack([each.probabilities for each in results]),
                    np.array([each.label for each in results]),
                    [each.decision for each in results],
                )
            )
    return figures


def figures_by_source(dataset: Dataset, parts: Mapping[str, PartResult]) -> dict[str, list[dict[str, Any]]]:
    """What :func:`by_source` tells of each part, as plain values for a bundle's metrics."""
    return {name: [each.to_dict() for each in by_source(dataset, part)] for name, part in parts.items()}
