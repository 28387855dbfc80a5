from __future__ import annotations

import contextlib
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pycocotools", reason="measuring a detector needs pycocotools")

from shelfwise.errors import DivergedError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models.product_detector import Found, places
from shelfwise.rules import DetectionRule
from shelfwise.training.detect.matching import match_photos
from shelfwise.training.detect.photos import DetectionPhoto, read_photo_set
from shelfwise.training.detect.validation import TorchSession, Validation, found_right
from shelfwise.types import Detections

RULE = DetectionRule(min_score=0.5, overview=128, side=128, tile=128, tile_overlap=32)


@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 8), st.integers(0, 2))
def test_it_judges_as_coco_does(seed, products, boxes, ignored):
    rng = np.random.default_rng(seed)

    def some(count):
        starts = rng.uniform(0, 200, (count, 2))
        return np.concatenate([starts, starts + rng.uniform(20, 150, (count, 2))], 1).astype(np.float32)

    there, crowds = some(products), some(ignored)
    near = there[rng.integers(0, products, boxes)] if products else some(boxes)
    found = np.clip(near + rng.uniform(-15, 15, near.shape), 0, 400).astype(np.float32)
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
    scores = np.sort(rng.uniform(0.1, 1, boxes).astype(np.float32))[::-1].copy()
    photo = DetectionPhoto(Path("a"), "a", there, crowds)
    (expected,), _ = match_photos([photo], [Detections(found, scores, 600, 600)])
    right, counted = found_right(found, there, crowds)
    assert right.tolist() == expected.right.tolist()
    assert counted.tolist() == expected.counted.tolist()


class Seeing(torch.nn.Module):
    """Finds a product wherever the picture is bright or dark, as wide as a block."""

    def forward(self, x):
        grey = x.mean(1, keepdim=True)
        middles, strides = places(x.shape[2], x.shape[3])
        at = grey[:, 0, middles[:, 1].long(), middles[:, 0].long()].abs()
        logits = torch.where(strides == 8, at * 8 - 3, torch.full_like(at, -9.0))
        return Found(logits, torch.cat((middles - 15, middles + 15), 1)[None].expand(len(x), -1, -1))


def test_a_networks_ap_is_that_of_whole_photos(blocks):
    photos = read_photo_set(blocks).photos
    form = Preprocessing(64, mean=(0.43,) * 3, std=(0.2,) * 3)
    validation = Validation(photos, RULE, form, device=torch.device("cpu"))
    seen = validation(Seeing())
    assert 0.05 < seen <= 1
    assert validation(Seeing()) == seen
    assert math.isnan(Validation([], RULE, form, device=torch.device("cpu"))(Seeing()))


class Lost(torch.nn.Module):
    """Answers with what is no number."""

    def forward(self, x):
        count = len(places(x.shape[2], x.shape[3])[1])
        return Found(torch.full((len(x), count), math.nan), torch.zeros(len(x), count, 4))


def test_answers_that_are_no_numbers_end_the_training():
    session = TorchSession(
        Lost(), mean=(0.5,) * 3, std=(0.5,) * 3, device=torch.device("cpu"), autocast=contextlib.nullcontext
    )
    with pytest.raises(DivergedError, match="no numbers any more"):
        session.run(np.zeros((1, 64, 64, 3), np.uint8))
