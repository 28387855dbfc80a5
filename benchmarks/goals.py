"""The figures to reach, by benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.result import Figure, Unit

__all__ = ["FREIBURG_FIVE", "GOALS", "TITLES", "Goal"]

FREIBURG_FIVE = ("CEREAL", "CHIPS", "CORN", "JAM", "WATER")
"""The five Freiburg categories of the figures that are about five: carton, bag, tin, jar and bottle."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure to reach: ``line`` at least, or at most if ``at_most``."""

    what: str
    line: float
    unit: Unit
    at_most: bool = False

    def figure(self, value: float, low: float, high: float, *, ours: str, peer: str) -> Figure:
        """What was measured: the figure, the ends of its interval or spread, both sides in words."""
        return Figure(
            what=self.what,
            line=self.line,
            unit=self.unit,
            at_most=self.at_most,
            value=value,
            low=low,
            high=high,
            ours=ours,
            peer=peer,
        )


TITLES = {
    "accuracy-default": "Accuracy of the model that comes with Shelfwise",
    "front": "Accuracy against speed",
    "accuracy-small-cnn": "Accuracy of small-cnn on five Freiburg categories",
    "accuracy-freiburg": "Accuracy of lite0 on Freiburg",
    "accuracy-grocery-store": "Accuracy on Grocery Store",
    "unknown": "Knowing when it does not know",
    "unknown-left-out": "Categories left out of training",
    "speed-train": "Speed of training",
    "speed-classify": "Speed of classifying",
    "memory-classify": "Memory of classifying",
    "few-shot": "New products from a few photos",
    "product-search": "Speed of finding a product",
    "speed-engine": "Speed of the engine",
    "detector-accuracy": "Finding and counting products",
    "detector-suppression": "When two boxes are one product",
    "detector-speed": "Speed of counting a shelf",
    "server": "The shop's server",
    "stock-book": "Speed of the stock book",
    "server-hostile": "A server among hostile requests",
}
"""Headings by benchmark, in the order of running and of the page."""

GOALS: dict[str, tuple[Goal, ...]] = {
    "accuracy-default": (
        Goal("the shipped model, Freiburg fold 0, 25 categories", 0.92, "share"),
        Goal("the shipped model, Grocery Store official test list, 81 fine classes", 0.88, "share"),
        Goal("the same, 43 coarse classes", 0.93, "share"),
    ),
    "front": (),
    "accuracy-small-cnn": (
        Goal("`small-cnn`, five Freiburg categories, validation accuracy", 0.84, "share"),
    ),
    "accuracy-freiburg": (
        Goal("`lite0`, Freiburg, 25 categories, accuracy on the held-out fold 0", 0.84, "share"),
    ),
    "accuracy-grocery-store": (
        Goal("best lite recipe, Grocery Store, official test list, 81 fine categories", 0.80, "share"),
        Goal("the same, 43 coarse categories", 0.90, "share"),
    ),
    "unknown": (
        Goal("precision of accepted answers, Freiburg fold 0 and Grocery Store test list", 0.98, "share"),
        Goal("share of these photos that is accepted", 0.75, "share"),
        Goal("AUROC, pictures of unlearned things against known photos", 0.95, "share"),
        Goal("calibration error at the level of categories, Freiburg fold 0", 0.03, "share", at_most=True),
    ),
    "unknown-left-out": (
        Goal("AUROC, near: five Freiburg categories left out of training", 0.95, "share"),
        Goal("AUROC, other: Grocery Store, on none of whose photos the model was trained", 0.95, "share"),
        Goal("AUROC, the mean of the two", 0.95, "share"),
    ),
    "speed-train": (
        Goal("training `small-cnn`, photos a second, against Keras on TensorFlow", 2.0, "times"),
    ),
    "speed-classify": (
        Goal("`classify` with `lite0`, 2,000 JPEGs to CSV, against plain PyTorch fp32", 2.0, "times"),
        Goal("`classify` with `small-cnn`, 2,000 JPEGs to CSV, against Keras `predict`", 2.0, "times"),
    ),
    "memory-classify": (
        Goal("peak memory of `classify` on 20,000 photos over that on 2,000", 1.1, "times", at_most=True),
    ),
    "few-shot": (
        Goal("5 photos each, 81 unseen fine classes, enrolled and asked from one pool, top-1", 0.80, "share"),
        Goal("the same with 1 photo each", 0.60, "share"),
        Goal(
            "5 photos each, the same classes, enrolled from the training list, asked on the test list",
            0.80,
            "share",
        ),
        Goal("the same with 1 photo each", 0.60, "share"),
        Goal("5 photos each, 9 checkout items, top-1", 0.95, "share"),
        Goal("the same with 1 photo each", 0.85, "share"),
    ),
    "product-search": (Goal("a photo's product found among 100,000", 20.0, "milliseconds", at_most=True),),
    "speed-engine": (
        Goal("`classify`, the best engine and numbers here, against PyTorch fp32 with Pillow", 4.0, "times"),
        Goal(
            "fraction of the limit (the slower of decoding alone and the engine alone, all cores)",
            0.80,
            "share",
        ),
        Goal("import and first answer, cold, from the shell", 1.5, "seconds", at_most=True),
    ),
    "detector-accuracy": (
        Goal("AP50 on Freiburg fold 0's boxes, trained on folds 1 to 3", 0.75, "share"),
        Goal("AP50 on `checkout-items` test, none of its photos in training", 0.70, "share"),
        Goal("AP50 on 200 composed dense scenes, backgrounds and crops unseen in training", 0.90, "share"),
        Goal("median count error on those scenes", 0.05, "share", at_most=True),
    ),
    "detector-suppression": (),
    "detector-speed": (
        Goal("a shelf photo of 12 megapixels, file to marked-out picture", 3.0, "seconds", at_most=True),
        Goal("the detector alone against the same network in PyTorch fp32", 3.0, "times"),
    ),
    "server": (
        Goal("one photo to its answer over HTTP, one client, median", 60.0, "milliseconds", at_most=True),
        Goal("the same, 95 % below", 120.0, "milliseconds", at_most=True),
        Goal("16 clients, photos a second, against `classify` on a folder", 0.70, "times"),
        Goal("start of the server to its first answer", 3.0, "seconds", at_most=True),
        Goal("page of the stock list over HTTP, 95 % below", 50.0, "milliseconds", at_most=True),
    ),
    "stock-book": (
        Goal("a product's level, SQLite", 10.0, "milliseconds", at_most=True),
        Goal("a page of the stock list, SQLite", 10.0, "milliseconds", at_most=True),
        Goal("movements booked by 8 writers, each on the disk, SQLite", 500.0, "a second"),
        Goal("a product's level, PostgreSQL", 10.0, "milliseconds", at_most=True),
        Goal("a page of the stock list, PostgreSQL", 10.0, "milliseconds", at_most=True),
        Goal("movements booked by 8 writers, each on the disk, PostgreSQL", 1000.0, "a second"),
    ),
    "server-hostile": (
        Goal("server errors in 2,000 requests drawn from the API's schema", 0, "count", at_most=True),
        Goal("of 1,000 bad uploads, served wrongly", 0, "count", at_most=True),
    ),
}
"""What each benchmark measures, in the order of its figures."""
