import json

import numpy as np
import onnx
import pytest
from PIL import Image

from shelfwise.bundle import read_bundle
from shelfwise.errors import BundleError, ConfigError, DataError, ParityError
from shelfwise.inference.classifier import Classifier
from shelfwise.rules import DecisionRule
from shelfwise.workflows import export as module
from shelfwise.workflows.export import MOST_CHANGED, Parity, export
from shelfwise.workflows.export_photos import ExportPhotos, Item, of_data, of_photos, of_run


def silent(_):
    return lambda done, total: None


@pytest.fixture
def few(monkeypatch):
    """The few photos of these tests are enough to compare on."""
    monkeypatch.setattr(module, "LEAST_COMPARED", 1)


@pytest.fixture
def source(toy, tmp_path):
    toy.write_toy_bundle(tmp_path / "run" / "bundle", temperature=2.0, metrics={"test": {"accuracy": 0.9}})
    return read_bundle(tmp_path / "run" / "bundle")


@pytest.fixture
def photos(tmp_path):
    """Twelve pictures, four of each colour."""
    folder = tmp_path / "photos"
    random = np.random.default_rng(0)
    for channel, name in enumerate(("Red", "Green", "Blue")):
        (folder / name).mkdir(parents=True)
        for number in range(4):
            pixels = random.integers(0, 120, (9, 9, 3), dtype=np.uint8)
            pixels[..., channel] += 130
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.parametrize("stored", ["fp16", "int8-weights", "int8"])
def test_an_export_is_a_bundle_that_answers_alike(source, photos, tmp_path, stored, few):
    run = export(source, tmp_path / "out", stored, of_photos([str(photos)]), stages=silent)
    made = read_bundle(tmp_path / "out")
    assert made.id == run.bundle.id != source.id
    assert (made.categories, made.temperature, made.metrics) == (source.categories, 2.0, source.metrics)
    noted = made.provenance["export"]
    assert noted["precision"] == stored and noted["from"] == source.id
    assert noted["parity"] == {
        "photos": 8,
        "changed": 0,
        "largest_difference": run.parity.largest_difference,
        "decisions": None,
    }
    assert noted["bytes"] == run.size == made.model_path.stat().st_size
    assert "## Export" in made.card_path.read_text() and stored in made.card_path.read_text()
    paths = sorted(photos.glob("*/*.png"))
    answers = [[each.category for each in Classifier(bundle).classify(paths)] for bundle in (source, made)]
    assert answers[0] == answers[1] == ["Blue"] * 4 + ["Green"] * 4 + ["Red"] * 4
    assert str(tmp_path) not in json.dumps(made.provenance)


def test_fp32_needs_no_photos_and_keeps_the_network(source, tmp_path):
    run = export(source, tmp_path / "out", "fp32", None, stages=silent)
    assert run.parity is None
    assert run.bundle.model_path.read_bytes() == source.model_path.read_bytes()


def swapped(content):
    """The same network with its first two answers changed over."""
    model = onnx.load_from_string(content)
    for each in model.graph.initializer:
        if each.name == "weights":
            values = onnx.numpy_helper.to_array(each)[:, [1, 0, 2]]
            each.CopyFrom(onnx.numpy_helper.from_array(values.copy(), "weights"))
    return model.SerializeToString()


def test_an_export_that_changes_answers_is_refused_unless_forced(source, photos, tmp_path, monkeypatch, few):
    monkeypatch.setattr(module, "with_fp16_weights", swapped)
    chosen = of_photos([str(photos)])
    with pytest.raises(ParityError, match=r"fp16 changes the first answer on \d of 8 photos .* --force"):
        export(source, tmp_path / "out", "fp16", chosen, stages=silent)
    assert not (tmp_path / "out").exists()
    run = export(source, tmp_path / "out", "fp16", chosen, force=True, stages=silent)
    assert run.parity.changed > 0 and not run.parity.good
    assert read_bundle(tmp_path / "out").provenance["export"]["parity"]["changed"] == run.parity.changed


def attending(content):
    """The same network with a softmax and one more product behind it, whose answers are the same."""
    model = onnx.load_from_string(content)
    product = next(node for node in model.graph.node if "logits" in node.output)
    product.output[:] = ["scores"]
    model.graph.node.extend(
        [
            onnx.helper.make_node("Softmax", ["scores"], ["shares"], axis=-1),
            onnx.helper.make_node("MatMul", ["shares", "last"], ["logits"]),
        ]
    )
    last = np.eye(3, dtype=np.float32) * 5
    model.graph.initializer.append(onnx.numpy_helper.from_array(last, "last"))
    return model.SerializeToString()


def test_the_calibration_that_was_really_used_is_told(toy, source, photos, tmp_path, few):
    toy.write_toy_bundle(tmp_path / "attending", model_onnx=attending(toy.toy_onnx()))
    chosen = of_photos([str(photos)])
    for bundle, expected in ((source, "minmax"), (read_bundle(tmp_path / "attending"), "smooth")):
        told = []
        stages = lambda name, told=told: lambda done, total: told.append((name, done, total))  # noqa: E731
        made = export(bundle, tmp_path / expected, "int8", chosen, stages=stages).bundle
        assert made.provenance["export"]["calibration"] == expected
        assert f"Calibrated on 4 photos with the calibration {expected}" in made.card_path.read_text()
        assert ("Calibrating", 4, 4) in told
    with pytest.raises(ConfigError, match="smooth is for transformers"):
        export(source, tmp_path / "none", "int8", chosen, calibration="smooth", stages=silent)


def test_what_a_refusal_advises_can_help(toy, source, photos, tmp_path, monkeypatch, few):
    monkeypatch.setattr(module, "quantise", lambda content, *_, **__: swapped(content))
    toy.write_toy_bundle(tmp_path / "attending", model_onnx=attending(toy.toy_onnx()))
    chosen = of_photos([str(photos)])
    with pytest.raises(ParityError, match=r"Try another --calibration, more --calibration-photos, "):
        export(source, tmp_path / "out", "int8", chosen, stages=silent)
    with pytest.raises(ParityError, match=r"Try more --calibration-photos, --exclude .* or --precision fp16"):
        export(read_bundle(tmp_path / "attending"), tmp_path / "out", "int8", chosen, stages=silent)


def test_the_line_is_half_a_percent():
    assert MOST_CHANGED == 0.005
    assert Parity(1000, 5, 0.1).good and not Parity(1000, 6, 0.1).good


def test_a_comparison_on_few_photos_is_no_reason_to_write_unless_forced(
    source, photos, tmp_path, monkeypatch
):
    assert module.LEAST_COMPARED == 200
    monkeypatch.setattr(module, "LEAST_COMPARED", 9)
    chosen = of_photos([str(photos)])
    with pytest.raises(
        ParityError, match=r"^8 photos to compare .* too few .* 9 are needed: nothing is written"
    ):
        export(source, tmp_path / "out", "fp16", chosen, stages=silent)
    broken = photos / "broken.png"
    broken.write_bytes(b"nothing")
    with pytest.raises(ParityError, match=r"^8 photos to compare"):
        export(
            source, tmp_path / "out", "fp16", ExportPhotos((), (*chosen.parity, Item(broken))), stages=silent
        )
    assert not (tmp_path / "out").exists()
    made = export(source, tmp_path / "out", "fp16", chosen, force=True, stages=silent).bundle
    assert "So few photos tell little: 9 are needed" in made.card_path.read_text()


def test_photos_that_are_decided_otherwise_are_counted(toy, photos, tmp_path, monkeypatch, few):
    """A network of smaller numbers names the same colours, less surely."""
    rule = DecisionRule(
        precision=0.98,
        keep_known=0.95,
        levels=["category"],
        thresholds={"Red": 0.7, "Green": 0.7, "Blue": None},
        novelty="energy",
        novelty_threshold=0.0,
    )
    toy.write_toy_bundle(tmp_path / "bundle", decision=rule)
    monkeypatch.setattr(module, "with_fp16_weights", lambda _: toy.toy_onnx(gain=1.0))
    everything = ExportPhotos((), tuple(Item(path) for path in sorted(photos.glob("*/*.png"))))
    run = export(read_bundle(tmp_path / "bundle"), tmp_path / "out", "fp16", everything, stages=silent)
    assert (run.parity.photos, run.parity.changed, run.parity.decisions) == (12, 0, 8)  # Blue was asked about
    assert run.bundle.provenance["export"]["parity"]["decisions"] == 8
    assert "differs on 8 of them" in run.bundle.card_path.read_text()


@pytest.mark.parametrize("first", ["fp16", "int8-weights"])
def test_smaller_weights_are_exported_again_and_both_steps_kept(
    toy, photos, tmp_path, monkeypatch, first, few
):
    # Weights of 3 × 3 are few enough to stay as they are.
    monkeypatch.setattr("shelfwise.models.weights_precision._LEAST", 1)
    toy.write_toy_bundle(tmp_path / "run" / "bundle", model_onnx=toy.toy_onnx(gain=9.7))
    chosen = of_photos([str(photos)])
    made = export(
        read_bundle(tmp_path / "run" / "bundle"), tmp_path / "out", first, chosen, stages=silent
    ).bundle
    again = export(made, tmp_path / "again", "int8", chosen, stages=silent).bundle
    noted = again.provenance["export"]
    assert (noted["precision"], noted["from"]) == ("int8", made.id)
    assert noted["original_bytes"] == made.model_path.stat().st_size
    assert noted["source_export"] == made.provenance["export"]
    graph = onnx.load(again.model_path).graph
    assert not any(each.name.endswith((".fp16", ".steps")) for each in graph.initializer)
    assert "weights_quantized" in {each.name for each in graph.initializer}
    back = export(made, tmp_path / "back", "fp32", None, stages=silent).bundle
    kinds = {each.name: each.data_type for each in onnx.load(back.model_path).graph.initializer}
    assert kinds["weights"] == onnx.TensorProto.FLOAT and len(kinds) == 3


def test_an_int8_export_is_not_exported_again_nor_any_over_its_source(source, photos, tmp_path, few):
    chosen = of_photos([str(photos)])
    made = export(source, tmp_path / "out", "int8", chosen, stages=silent).bundle
    with pytest.raises(ConfigError, match="is an export in int8 itself"):
        export(made, tmp_path / "again", "fp16", chosen, stages=silent)
    with pytest.raises(BundleError, match="is the bundle to derive from"):
        export(source, source.path, "fp16", chosen, stages=silent)
    with pytest.raises(ConfigError, match="name some with --photos or --data"):
        export(source, tmp_path / "none", "fp16", None, stages=silent)


def test_photos_that_cannot_be_read_are_told_and_left_out(source, photos, tmp_path, few):
    broken = photos / "Red" / "broken.png"
    broken.write_bytes(b"nothing")
    photo = Item(photos / "Blue" / "0.png")
    chosen = ExportPhotos((Item(photos / "Red" / "0.png"),), (Item(broken), photo))
    run = export(source, tmp_path / "out", "fp16", chosen, stages=silent)
    assert run.parity.photos == 1
    assert [error.source for error in run.unreadable] == [str(broken)]
    with pytest.raises(DataError, match="no photo to calibrate on can be read"):
        export(source, tmp_path / "b", "int8", ExportPhotos((Item(broken),), (photo,)), stages=silent)
    with pytest.raises(DataError, match="no photo to compare on can be read"):
        export(source, tmp_path / "b", "fp16", ExportPhotos((), (Item(broken),)), stages=silent)


def test_no_photo_is_calibrated_and_compared_on(photos, tmp_path):
    for chosen in (of_photos([str(photos)]), of_data(photos)):
        assert len(chosen.calibration) == 4 and len(chosen.parity) == 8
        assert not {item.path for item in chosen.calibration} & {item.path for item in chosen.parity}
    assert len(of_photos([str(photos)], calibration=2).calibration) == 2
    one = of_photos([str(photos / "Red" / "0.png")])
    assert len(one.calibration) == 1 and one.parity == ()
    with pytest.raises(ValueError, match="cannot be compared on too"):
        ExportPhotos(one.calibration, one.calibration)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no photo found"):
        of_photos([str(tmp_path / "empty")])
    assert of_run(tmp_path) is None


def test_official_parts_decide_what_is_calibrated_on(tmp_path, photos):
    for number, part in enumerate(("train", "test")):
        for name in ("Red", "Blue"):
            folder = tmp_path / "set" / part / name
            folder.mkdir(parents=True)
            Image.new("RGB", (9, 9), (number, 0, 0)).save(folder / "a.png")
    chosen = of_data(tmp_path / "set")
    assert {item.path.parts[-3] for item in chosen.calibration} == {"train"}
    assert {item.path.parts[-3] for item in chosen.parity} == {"test"}
