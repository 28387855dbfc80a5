"""The model that lies in the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import shelfwise
from shelfwise.bundle import DEFAULT_BUNDLE, read_bundle
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.layouts.joined import groceries
from shelfwise.inference.classifier import session_of
from shelfwise.inference.engines import Precision

pytestmark = pytest.mark.usefixtures("quick_training")

MOST_BYTES = 25_000_000
ROOT = Path(__file__).parents[1]


def test_it_is_whole_and_small_enough() -> None:
    bundle = read_bundle(DEFAULT_BUNDLE)
    assert bundle.categories == groceries().categories
    assert sum(file.stat().st_size for file in DEFAULT_BUNDLE.iterdir()) <= MOST_BYTES
    assert bundle.decision is not None
    assert bundle.decision.precision == 0.98
    assert not bundle.rendered


def test_it_compares_products_in_its_metric_and_knows_what_similarities_to_expect() -> None:
    bundle = read_bundle(DEFAULT_BUNDLE)
    metric = bundle.metric()
    assert metric is not None
    assert metric.shape[1] == 384
    measured = json.loads((ROOT / "scripts" / "default_model" / "similarity.json").read_text("utf-8"))
    assert bundle.metrics["similarity"] == measured["similarity"]


def test_its_card_tells_sources_licences_and_digests() -> None:
    bundle = read_bundle(DEFAULT_BUNDLE)
    card = bundle.card_path.read_text("utf-8")
    for source in groceries().source:
        assert source.name in card
        assert source.licence in card
    for member in bundle.provenance["members"]:
        assert member["weights"]["sha256"] in card
    assert bundle.provenance["data_sha256"] in card
    for figure in ("precision of accepted", "## Use and limits", "## Categories"):
        assert figure in card


def test_it_is_taken_where_none_is_named_and_knows_noise_from_groceries() -> None:
    classifier = shelfwise.load()
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    (prediction,) = classifier.classify([noise])
    assert prediction.categories == groceries().categories
    assert prediction.decision is not None
    assert prediction.decision.answer == "unknown"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_engine_gives_its_answers(precision: Precision) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    random = np.random.default_rng(1)
    blocks = random.integers(0, 256, (4, 7, 7, 3), dtype=np.uint8)
    pictures = np.repeat(np.repeat(blocks, 32, axis=1), 32, axis=2)
    bundle = read_bundle(DEFAULT_BUNDLE)
    expected = session_of(bundle, engine="onnxruntime").run(pictures).logits
    # Several callers: with them OpenVINO takes other ways through a network than with one.
    found = session_of(bundle, engine="openvino", precision=precision, callers=2).run(pictures).logits
    np.testing.assert_allclose(found, expected, atol=0.001 if precision == "fp32" else 0.4)


@pytest.mark.realdata
def test_it_names_test_photos(real_data: Path) -> None:
    dataset = read_dataset(real_data)
    chosen = dataset.official["test"][::70]
    predictions = shelfwise.load().classify([dataset.path(i) for i in chosen])
    labels = [dataset.categories[dataset.samples[i].label] for i in chosen]
    right = [p.category == label for p, label in zip(predictions, labels, strict=True)]
    assert np.mean(right) >= 0.75
    accepted = [
        (p.decision.node, label)
        for p, label in zip(predictions, labels, strict=True)
        if p.decision is not None and p.decision.answer == "accept"
    ]
    assert len(accepted) >= len(chosen) / 3
    assert np.mean([f"{label}/".startswith(f"{node}/") for node, label in accepted]) >= 0.9
