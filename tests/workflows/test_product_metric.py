from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import shelfwise
from shelfwise.bundle import read_bundle
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import BundleError, DataError
from shelfwise.workflows.product_metric import compared_features, views_of, with_product_metric


def _silent(_):
    return lambda done, total: None


def _dataset(painted):
    dataset = read_dataset(painted)
    return dataset, list(range(len(dataset)))


def test_only_the_embedding_changes(toy, painted, tmp_path):
    plain = toy.write_toy_bundle(tmp_path / "plain")
    dataset, training = _dataset(painted)
    steps = []
    made = with_product_metric(
        plain, tmp_path / "made", dataset, training, lambda _: lambda done, total: steps.append((done, total))
    )
    assert steps[-1] == (len(training), len(training))
    assert made.id != plain.id
    assert "- Products are compared by 3 numbers" in made.card_path.read_text()
    photos = [np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 40, 60), (10, 20, 200))]
    before, after = (shelfwise.load(each.path).classify(photos) for each in (plain, made))
    for one, two in zip(before, after, strict=True):
        assert np.array_equal(one.probabilities, two.probabilities)
        assert np.allclose(one.embedding @ made.metric(), two.embedding)


def test_the_same_photos_give_the_same_bundle(toy, painted, tmp_path):
    plain = toy.write_toy_bundle(tmp_path / "plain")
    made = [with_product_metric(plain, tmp_path / name, *_dataset(painted), _silent) for name in "ab"]
    assert made[0].id == made[1].id == read_bundle(tmp_path / "a").id


def test_a_broken_photo_is_left_out_and_none_that_can_be_read_is_told(toy, painted, tmp_path):
    plain = toy.write_toy_bundle(tmp_path / "plain")
    dataset, training = _dataset(painted)
    dataset.path(0).write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    made = with_product_metric(plain, tmp_path / "made", dataset, training, _silent)
    assert "fitted to 29 training photos" in made.card_path.read_text()
    with pytest.raises(DataError, match="no training photo can be read"):
        with_product_metric(plain, tmp_path / "none", dataset, [0], _silent)
    assert not (tmp_path / "none").exists()


def test_a_bundle_is_not_written_over_itself(toy, painted, tmp_path):
    plain = toy.write_toy_bundle(tmp_path / "plain")
    with pytest.raises(BundleError, match="name another folder"):
        with_product_metric(plain, plain.path, *_dataset(painted), _silent)


def test_views_are_the_turns_and_the_mirror_image():
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[0, 1] = 255
    where = [tuple(map(int, np.argwhere(view[..., 0])[0])) for view in views_of(picture)]
    assert where == [(0, 1), (2, 0), (3, 2), (1, 3), (0, 2)]
    assert np.array_equal(
        views_of(picture)[2], np.asarray(Image.fromarray(picture).transpose(Image.Transpose.ROTATE_180))
    )


@pytest.mark.parametrize(
    ("recipes", "length", "expected"),
    [
        (["dinov2-small"], 768, 384),
        (["dinov2-small", "tiny-vit-5m"], 1088, 704),
        (["tiny-vit-5m"], 320, 320),
        (["dinov2-small", "tiny-vit-5m"], 700, None),
        (["lite0"], 1280, None),
    ],
)
def test_of_dinov2_the_class_token_alone_is_compared(toy, tmp_path, recipes, length, expected):
    members = [{"config": {"recipe": recipe}} for recipe in recipes]
    provenance = {"members": members} if len(members) > 1 else members[0]
    found = compared_features(toy.write_toy_bundle(tmp_path / "bundle", provenance=provenance), length)
    assert (None if found is None else int(found.sum())) == expected
    if recipes[0] == "dinov2-small" and found is not None:
        assert found[:384].all()
        assert not found[384:768].any()


def test_a_second_metric_and_similarities_of_another_embedding_are_not_carried(toy, painted, tmp_path):
    plain = toy.write_toy_bundle(tmp_path / "plain", metrics={"similarity": {"same": 0.9}, "accuracy": 0.5})
    made = with_product_metric(plain, tmp_path / "made", *_dataset(painted), _silent)
    assert made.metrics == {"accuracy": 0.5}
    with pytest.raises(BundleError, match="has a metric already"):
        with_product_metric(made, tmp_path / "again", *_dataset(painted), _silent)
