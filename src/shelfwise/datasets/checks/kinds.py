"""What a data check can find: one table, name → what it means and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["KINDS", "SEVERITIES", "Kind", "Severity"]

Severity = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""Gravest first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding.

    Attributes:
        severity: how grave it is, unless a finding says otherwise.
        title: heading for people.
        one: what a single finding says, as a clause.
        many: what several say; ``{n}`` is their number.
        advice: what to do about it.
        measure: what a finding's ``value`` is; empty where it has none.
    """

    severity: Severity
    title: str
    one: str
    many: str
    advice: str
    measure: str = ""

    def sentence(self, count: int) -> str:
        """The summary line for ``count`` findings."""
        return self.one if count == 1 else self.many.format(n=f"{count:,}")


KINDS: Final[dict[str, Kind]] = {
    "missing": Kind(
        "error",
        "Missing photos",
        "1 listed photo does not exist",
        "{n} listed photos do not exist",
        "Put the files back, or take their lines out of the list. Training refuses the set as it is.",
    ),
    "unreadable": Kind(
        "error",
        "Unreadable pictures",
        "1 picture cannot be read",
        "{n} pictures cannot be read",
        "Take the file from its origin again, or delete it. Training leaves it out.",
    ),
    "truncated": Kind(
        "error",
        "Truncated pictures",
        "1 picture is cut off",
        "{n} pictures are cut off",
        "The copy or download broke off: copy the file again, or delete it. Training leaves it out.",
    ),
    "label-conflict": Kind(
        "error",
        "One photo under several labels",
        "1 photo is filed under several categories",
        "{n} photos are filed under several categories",
        "At most one of the labels is right: keep that copy and delete the others.",
    ),
    "leakage": Kind(
        "error",
        "One photo in several parts",
        "1 photo is in several parts of the split",
        "{n} photos are in several parts of the split",
        "A model is tested on what it has learnt by heart: keep each photo in one part only. "
        "A split made by Shelfwise keeps identical photos together.",
    ),
    "one-category": Kind(
        "error",
        "Fewer than two categories",
        "There are fewer than two categories with photos",
        "There are fewer than two categories with photos",
        "A classifier needs at least two: add photos of a second category, "
        "or give the folder above this one.",
    ),
    "empty-category": Kind(
        "error",
        "Empty categories",
        "1 category has no photos",
        "{n} categories have no photos",
        "Add photos, or remove the category.",
    ),
    "not-in-train": Kind(
        "error",
        "Categories never trained",
        "1 category has no photo in the training part",
        "{n} categories have no photo in the training part",
        "The model cannot learn them: move some of their photos to the training part.",
    ),
    "no-products": Kind(
        "error",
        "No boxes",
        "No product is marked on any photo",
        "No product is marked on any photo",
        "A detector learns from boxes around the products: draw some, or choose another layout.",
        "photos with boxes",
    ),
    "box-outside": Kind(
        "warning",
        "Boxes outside their photo",
        "1 box reaches outside its photo",
        "{n} boxes reach outside their photo",
        "The box may be of another picture, or of the picture before it was turned or resized: "
        "draw it again. Training uses the part inside, and refuses a box that is more than 5 % of the side outside.",
        "pixels outside",
    ),
    "wrong-extension": Kind(
        "warning",
        "Misleading file endings",
        "1 file's content is not what its ending says",
        "{n} files' content is not what their ending says",
        "Shelfwise goes by the content, other programs may not: rename the file.",
    ),
    "tiny": Kind(
        "warning",
        "Tiny pictures and boxes",
        "1 picture or box is tiny",
        "{n} pictures or boxes are tiny",
        "Often a thumbnail saved by mistake: replace it by the full photo. "
        "A tiny box has too few pixels to learn from: leave it out.",
        "pixels, shorter side",
    ),
    "duplicate-box": Kind(
        "warning",
        "Products with two boxes",
        "1 photo has boxes that lie on one another",
        "{n} photos have boxes that lie on one another",
        "One product counts twice there, and the detector learns to find it twice: delete one of the boxes.",
        "boxes too many",
    ),
    "few-shelves": Kind(
        "warning",
        "Few photos with boxes",
        "There are few photos with boxes",
        "There are few photos with boxes",
        "What is learned from and measured on so few says little: add some, or train on a larger set and give this "
        "one beside it (shelfwise train --task detect LARGER --also THIS).",
        "photos",
    ),
    "blank": Kind(
        "warning",
        "Blank pictures",
        "1 picture shows nothing",
        "{n} pictures show nothing",
        "Delete it: there is nothing to learn from.",
        "contrast",
    ),
    "dark": Kind(
        "warning",
        "Dark photos",
        "1 photo is dark",
        "{n} photos are dark",
        "Keep it if customers' photos look like this too; else take it again with more light.",
        "brightness of the highlights, 0–255",
    ),
    "bright": Kind(
        "warning",
        "Washed-out photos",
        "1 photo is washed out",
        "{n} photos are washed out",
        "Keep it if customers' photos look like this too; else take it again with less light.",
        "brightness of the shadows, 0–255",
    ),
    "blurred": Kind(
        "warning",
        "Blurred photos",
        "1 photo is blurred",
        "{n} photos are blurred",
        "Keep it if customers' photos look like this too and the product can still be told; "
        "else take it again.",
        "sharpness",
    ),
    "duplicates": Kind(
        "warning",
        "Identical files",
        "1 photo is there more than once",
        "{n} photos are there more than once",
        "Keep one of each: copies count double in training.",
    ),
    "near-label-conflict": Kind(
        "warning",
        "Nearly one photo under several labels",
        "1 group of nearly identical photos has several labels",
        "{n} groups of nearly identical photos have several labels",
        "Look whether a label is wrong. Two variants of a product that only their label tells apart are fine.",
        "similarity, 0–1",
    ),
    "near-leakage": Kind(
        "warning",
        "Nearly one photo in several parts",
        "1 group of nearly identical photos is in several parts of the split",
        "{n} groups of nearly identical photos are in several parts of the split",
        "The test is easier than real life: keep the shots of one scene in one part.",
        "similarity, 0–1",
    ),
    "imbalance": Kind(
        "warning",
        "Uneven categories",
        "Some categories have many times the photos of others",
        "Some categories have many times the photos of others",
        "Add photos to the small ones. Training balances them by augmentation as far as that goes.",
        "largest over smallest",
    ),
    "few-photos": Kind(
        "warning",
        "Categories with few photos",
        "1 category has very few photos",
        "{n} categories have very few photos",
        "Add photos: what is measured on so few says little.",
        "photos",
    ),
    "near-duplicates": Kind(
        "info",
        "Nearly identical photos",
        "1 group of photos is nearly identical",
        "{n} groups of photos are nearly identical",
        "Shots of one scene teach little new. Keep them in one part of a split.",
        "similarity, 0–1",
    ),
    "bare": Kind(
        "info",
        "Photos without boxes",
        "Some photos have no box",
        "Some photos have no box",
        "Fine where they show no product: the detector learns from them what is none. Where products are on them, "
        "mark these.",
        "photos",
    ),
    "products": Kind(
        "info",
        "Products on the photos",
        "How many products there are, and how large",
        "How many products there are, and how large",
        "Train on photos like those that will be looked at: as many products, as large.",
        "median",
    ),
    "unused": Kind(
        "info",
        "Pictures in no category",
        "1 folder holds pictures that are in no category",
        "{n} folders hold pictures that are in no category",
        "Fine if that is meant; else add them to the labels, or choose another layout.",
        "pictures",
    ),
}
"""In the order in which reports show them, within a severity."""
