import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.bundle import read_bundle
from shelfwise.errors import BundleError, ModelError
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.decision import DecisionMaker, deepest_sure
from shelfwise.inference.novelty import REFERENCE, novelty_score
from shelfwise.rules import DecisionRule
from shelfwise.types import Decision

NAMES = ("fruit/apple/gala", "fruit/apple/granny", "fruit/pear", "drinks/juice")


def maker(thresholds=0.8, limit=np.inf, names=NAMES):
    tree = Hierarchy.from_categories(names)
    # The first number of the embedding is the novelty.
    return DecisionMaker(tree, np.full(len(tree), thresholds), lambda _, e: e[:, 0].astype(float), limit)


def decide(probabilities, novelty=0.0, **options):
    row = np.array([probabilities], np.float32)
    return maker(**options).decide(row, row, np.array([[novelty]], np.float32))[0]


def test_the_variety_where_it_is_sure():
    decision = decide([0.9, 0.05, 0.03, 0.02])
    assert (decision.answer, decision.node, decision.level) == ("accept", "fruit/apple/gala", "variety")
    assert decision.probability == pytest.approx(0.9)
    assert decision.candidates == ()


def test_the_category_where_it_cannot_tell_the_variety():
    decision = decide([0.5, 0.45, 0.03, 0.02])
    assert (decision.answer, decision.node, decision.level) == ("accept", "fruit/apple", "category")
    assert decision.probability == pytest.approx(0.95)


def test_it_asks_where_it_only_knows_the_department_or_nothing():
    decision = decide([0.3, 0.2, 0.4, 0.1])
    assert (decision.answer, decision.node, decision.level) == ("ask", "fruit", "department")
    assert [each.category for each in decision.candidates] == ["fruit/apple", "fruit/pear", "drinks/juice"]
    assert decision.candidates[0].confidence == pytest.approx(0.5)
    lost = decide([0.3, 0.1, 0.2, 0.4])
    assert (lost.answer, lost.node, lost.level, lost.probability) == ("ask", None, None, None)


def test_a_strange_photo_is_unknown_however_sure():
    decision = decide([1, 0, 0, 0], novelty=3.0, limit=2.9)
    assert (decision.answer, decision.node, decision.novelty) == ("unknown", None, 3.0)
    assert decide([1, 0, 0, 0], novelty=3.0, limit=3.0).answer == "accept"


def test_a_flat_model_accepts_its_categories():
    decision = decide([0.1, 0.9], names=("Tea", "Coffee"))
    assert (decision.answer, decision.node, decision.level) == ("accept", "Coffee", "category")


def test_a_category_that_is_never_sure_enough_is_asked_about():
    tree = Hierarchy.from_categories(["Tea", "Coffee"])
    never = DecisionMaker(tree, np.full(2, np.inf), lambda _, e: np.zeros(len(e)), 1.0)
    row = np.array([[1.0, 0.0]])
    assert never.decide(row, row, row)[0].answer == "ask"


@given(st.integers(0, 10_000), st.floats(0.5, 1.0))
def test_at_most_one_node_of_a_level_is_sure_and_the_deepest_is_taken(seed, threshold):
    tree = Hierarchy.from_categories(["a", "a/b", "a/b/c", "a/d", "e/f/g", "e/f/h"])
    values = np.random.default_rng(seed).dirichlet(np.full(6, 0.2), 8)
    nodes = tree.node_probabilities(values)
    sure = deepest_sure(tree, nodes, np.full(len(tree), threshold))
    for row, node in zip(nodes, sure, strict=True):
        passing = [i for i, value in enumerate(row) if value >= threshold]
        if node < 0:
            assert not passing
        else:
            assert node in passing
            assert tree.depth[node] == max(tree.depth[i] for i in passing)


@given(st.integers(0, 10_000))
def test_a_higher_threshold_never_answers_deeper(seed):
    tree = Hierarchy.from_categories(NAMES)
    nodes = tree.node_probabilities(np.random.default_rng(seed).dirichlet(np.full(4, 0.3), 16))
    depths = []
    for threshold in (0.5, 0.7, 0.9, 0.99):
        sure = deepest_sure(tree, nodes, np.full(len(tree), threshold))
        depths.append(np.where(sure < 0, -1, tree.depth[sure]))
    assert (np.diff(depths, axis=0) <= 0).all()


def test_a_batch_is_decided_as_its_photos_one_by_one():
    random = np.random.default_rng(0)
    values, embeddings = random.dirichlet(np.full(4, 0.3), 20), random.normal(size=(20, 2))
    together = maker(limit=1.0).decide(values, values, embeddings)
    apart = [
        maker(limit=1.0).decide(values[i : i + 1], values[i : i + 1], embeddings[i : i + 1])[0]
        for i in range(20)
    ]
    assert [(each.answer, each.node) for each in together] == [(each.answer, each.node) for each in apart]
    assert np.allclose([e.probability or 0 for e in together], [e.probability or 0 for e in apart])
    assert {each.answer for each in together} == {"accept", "ask", "unknown"}


def test_a_decision_holds_together():
    with pytest.raises(ValueError, match="together"):
        Decision("accept", "a", None, 0.9, 0.0)
    with pytest.raises(ValueError, match="accept"):
        Decision("accept", None, None, None, 0.0)
    with pytest.raises(ValueError, match="unknown"):
        Decision("unknown", "a", "category", 0.9, 0.0)


def test_thresholds_below_one_half_are_refused():
    with pytest.raises(ValueError, match="one half"):
        maker(thresholds=0.4)


def rule(novelty="energy", limit=-5.0, **changes):
    values = {
        "precision": 0.98,
        "keep_known": 0.95,
        "levels": ["category"],
        "thresholds": {"Red": 0.9, "Green": 0.9, "Blue": None},
        "novelty": novelty,
        "novelty_threshold": limit,
    }
    return DecisionRule(**{**values, **changes})


def colour(*rgb):
    return np.full((8, 8, 3), rgb, np.uint8)


def test_the_classifier_decides_for_every_photo(toy, tmp_path):
    bundle = toy.write_toy_bundle(tmp_path / "bundle", decision=rule())
    photos = [colour(255, 0, 0), colour(200, 190, 0), colour(0, 0, 255), colour(0, 0, 0)]
    found = [each.decision for each in Classifier(bundle).classify(photos)]
    assert [each.answer for each in found] == ["accept", "ask", "ask", "unknown"]
    assert found[0].node == "Red"
    assert found[3].novelty == pytest.approx(-np.log(3), abs=1e-4)


def test_a_bundle_without_a_rule_decides_nothing(toy, tmp_path):
    bundle = toy.write_toy_bundle(tmp_path / "bundle")
    assert Classifier(bundle).classify([colour(255, 0, 0)])[0].decision is None


@pytest.mark.parametrize(
    ("kind", "reference", "message"),
    [
        ("magic", {}, "no novelty score is named 'magic'"),
        ("energy", {"means": np.ones((2, 2), np.float32)}, "needs no arrays"),
        ("knn", {}, "needs centre, project, bank"),
        (
            "mahalanobis",
            {"whiten": np.ones((3, 2), np.float32), "means": np.ones((2, 3), np.float32)},
            "do not fit",
        ),
        (
            "mahalanobis",
            {"whiten": np.ones(3, np.float32), "means": np.ones((2, 3), np.float32)},
            "has the shape",
        ),
    ],
)
def test_a_reference_that_does_not_fit_is_named(toy, tmp_path, kind, reference, message):
    bundle = toy.write_toy_bundle(tmp_path / "bundle", decision=rule(kind), reference=reference)
    with pytest.raises(BundleError, match=message):
        Classifier(bundle)


def test_a_reference_for_other_embeddings_is_named(toy, tmp_path):
    reference = {"whiten": np.ones((7, 2), np.float32), "means": np.ones((2, 2), np.float32)}
    bundle = toy.write_toy_bundle(tmp_path / "bundle", decision=rule("mahalanobis"), reference=reference)
    with pytest.raises(ModelError, match="do not fit the reference"):
        Classifier(bundle).classify([colour(255, 0, 0)])


def test_bundle_round_trip_with_a_reference(toy, tmp_path):
    reference = {"whiten": np.eye(3, dtype=np.float32), "means": np.eye(3, dtype=np.float16)}
    written = toy.write_toy_bundle(tmp_path / "bundle", decision=rule("mahalanobis"), reference=reference)
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle == written
    assert bundle.decision == rule("mahalanobis")
    assert np.array_equal(bundle.reference()["means"], np.eye(3))
    path = tmp_path / "bundle" / "reference.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match=r"reference\.npz: damaged"):
        read_bundle(tmp_path / "bundle")
    path.unlink()
    with pytest.raises(BundleError, match=r"reference\.npz: missing"):
        read_bundle(tmp_path / "bundle")


def test_a_rule_for_other_categories_is_refused(toy, tmp_path):
    with pytest.raises(BundleError, match="decision: the thresholds are not those of the categories"):
        toy.write_toy_bundle(tmp_path / "bundle", decision=rule(thresholds={"Red": 0.9}))
    with pytest.raises(BundleError, match="there is a reference"):
        toy.write_toy_bundle(tmp_path / "bundle", reference={"a": np.ones(1, np.float32)})


def test_bundles_of_format_version_1_still_read_and_hold_no_rule(toy, tmp_path):
    from shelfwise.bundle.manifest import digest_of

    folder = toy.write_toy_bundle(tmp_path / "bundle").path
    manifest = json.loads((folder / "bundle.json").read_text())

    def save():
        manifest.pop("digest", None)
        manifest["digest"] = digest_of(manifest)
        (folder / "bundle.json").write_text(json.dumps(manifest))

    manifest["format_version"] = 1
    save()
    assert read_bundle(folder).decision is None
    manifest["decision"] = rule().model_dump(mode="json")
    save()
    with pytest.raises(BundleError, match="not a part of format version 1"):
        read_bundle(folder)


@pytest.mark.parametrize("kind", REFERENCE)
def test_every_score_is_a_number_for_each_photo_and_ignores_the_batch(kind):
    random = np.random.default_rng(0)
    arrays = {
        "whiten": random.normal(size=(6, 4)),
        "means": random.normal(size=(3, 4)),
        "background": random.normal(size=(6, 5)),
        "background_mean": random.normal(size=5),
        "centre": random.normal(size=6),
        "project": random.normal(size=(6, 4)),
        "bank": random.normal(size=(9, 4)),
        "weight": np.ones(1),
        "usual": np.zeros(3),
        "spread": np.ones(3),
    }
    score = novelty_score(kind, {name: arrays[name].astype(np.float32) for name in REFERENCE[kind]})
    logits = random.normal(size=(7, 3)).astype(np.float32)
    embeddings = random.normal(size=(7, 6)).astype(np.float32)
    together = score(logits, embeddings)
    assert together.shape == (7,)
    apart = np.concatenate([score(logits[i : i + 1], embeddings[i : i + 1]) for i in range(7)])
    assert np.allclose(together, apart, rtol=1e-4, atol=1e-4)
