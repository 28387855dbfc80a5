"""A rendered sample set, so that everything runs on a machine that can download nothing."""

from shelfwise.datasets.sample.writer import CATEGORIES, render_sample

__all__ = ["CATEGORIES", "render_sample"]
