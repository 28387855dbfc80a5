import gzip
import json
import shutil

import numpy as np
import pytest

from shelfwise.bundle import derive_bundle, read_bundle, write_bundle
from shelfwise.errors import BundleError, StorageError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.rules import DetectionRule

PREPROCESSING = Preprocessing(32, "pad", (0.5, 0.4, 0.3), (0.2, 0.2, 0.2))


def write(folder, **changes):
    values = {
        "model_onnx": b"weights",
        "name": "small-cnn",
        "categories": ["Fruit/Apple", "Käse", "Tea"],
        "preprocessing": PREPROCESSING,
        "temperature": 1.25,
        "metrics": {"accuracy": 0.84, "per_class": {"Tea": [1, 2]}},
        "provenance": {"seed": 42, "data": "abc"},
        "rendered": False,
        "card": "# A model\n",
    }
    return write_bundle(folder, **{**values, **changes})


def test_reads_what_was_written(tmp_path):
    written = write(tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle == written
    assert bundle.categories == ("Fruit/Apple", "Käse", "Tea")
    assert bundle.preprocessing == PREPROCESSING
    assert bundle.temperature == 1.25
    assert bundle.metrics["accuracy"] == 0.84
    assert bundle.provenance == {"seed": 42, "data": "abc"}
    assert bundle.model_path.read_bytes() == b"weights"
    assert bundle.card_path.read_text() == "# A model\n"
    assert sorted(path.name for path in bundle.path.iterdir()) == ["bundle.json", "card.md", "model.onnx"]


def test_equal_content_gives_equal_bytes_and_id(tmp_path):
    one, two = write(tmp_path / "a"), write(tmp_path / "b")
    assert one.id == two.id
    assert len(one.id) == 12
    for name in ("bundle.json", "model.onnx", "card.md"):
        assert (one.path / name).read_bytes() == (two.path / name).read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"model_onnx": b"other"},
        {"card": "other"},
        {"temperature": 2.0},
        {"categories": ["A", "B", "C"]},
        {"metrics": {}},
        {"rendered": True},
        {"preprocessing": Preprocessing(33)},
    ],
)
def test_any_other_content_has_another_id(tmp_path, change):
    assert write(tmp_path / "a").id != write(tmp_path / "b", **change).id


def test_replaces_an_older_bundle_as_a_whole(tmp_path):
    write(tmp_path / "bundle")
    newer = write(tmp_path / "bundle", model_onnx=b"newer")
    assert read_bundle(tmp_path / "bundle").id == newer.id
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_makes_the_folders_above_and_fills_an_empty_one(tmp_path):
    write(tmp_path / "runs" / "shop" / "bundle")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty")
    read_bundle(tmp_path / "empty")


def test_never_replaces_what_is_no_bundle(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("precious")
    with pytest.raises(StorageError, match="something else is there already"):
        write(tmp_path / "photos")
    assert (tmp_path / "photos" / "holiday.jpg").read_text() == "precious"
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        write(tmp_path / "file")


@pytest.mark.parametrize("step", ["os.fsync", "Path.rename"])
def test_a_failed_write_leaves_the_old_bundle_and_no_litter(tmp_path, monkeypatch, step):
    old = write(tmp_path / "bundle")
    calls = []
    rename = type(tmp_path).rename

    def fail(*_):
        raise OSError(28, "No space left on device")

    def fail_second(self, target):
        calls.append(self)
        return fail() if len(calls) == 2 else rename(self, target)

    if step == "os.fsync":
        monkeypatch.setattr("shelfwise.files.os.fsync", fail)
    else:
        monkeypatch.setattr(type(tmp_path), "rename", fail_second)
    with pytest.raises(StorageError, match="the disk is full"):
        write(tmp_path / "bundle", model_onnx=b"newer")
    monkeypatch.undo()
    assert read_bundle(tmp_path / "bundle").id == old.id
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categories": []}, "categories"),
        ({"categories": ["a", "a"]}, "a category is named twice"),
        ({"categories": ["a", ""]}, "categories.1"),
        ({"metrics": {"loss": float("nan")}}, "cannot write the bundle"),
        ({"metrics": {"thing": object()}}, "cannot write the bundle"),
        ({"temperature": 0.0}, "temperature"),
        ({"name": ""}, "name"),
        ({"model_onnx": b""}, "model.onnx"),
    ],
)
def test_refuses_to_write_nonsense(tmp_path, change, message):
    with pytest.raises(BundleError, match=message):
        write(tmp_path / "bundle", **change)
    assert not (tmp_path / "bundle").exists()


def test_a_missing_folder_or_file_in_its_place(tmp_path):
    with pytest.raises(BundleError, match="there is no such folder"):
        read_bundle(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="is a file, not a bundle's folder"):
        read_bundle(tmp_path / "file")


@pytest.mark.parametrize("name", ["bundle.json", "model.onnx", "card.md"])
def test_a_missing_or_damaged_part_is_named(tmp_path, name):
    path = write(tmp_path / "bundle").path / name
    data = path.read_bytes()
    for damaged in (
        data[:-3],
        data + b" x",
        b"",
        data[:20].replace(b"e", b"E") + data[20:] if name == "bundle.json" else b"W" + data[1:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match=name):
            read_bundle(tmp_path / "bundle")
    path.unlink()
    with pytest.raises(BundleError, match=f"{name}: missing, so the bundle is incomplete"):
        read_bundle(tmp_path / "bundle")


def edit(folder, change):
    path = folder / "bundle.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_another_format_version_says_what_to_do(tmp_path):
    folder = write(tmp_path / "bundle").path
    edit(folder, lambda manifest: manifest.update(format_version=4))
    with pytest.raises(BundleError, match="format version 4, but this Shelfwise reads up to version 3"):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["categories"].reverse(), "changed by hand"),
        (lambda m: m.update(extra=1), "extra: Extra inputs are not permitted"),
        (lambda m: m.pop("name"), "name: Field required"),
        (lambda m: m.update(temperature="1"), "temperature"),
        (lambda m: m["preprocessing"].update(size=-1), "size must be"),
        (lambda m: m["files"].update({"../../etc/passwd": m["files"]["card.md"]}), "passwd"),
        (lambda m: m["files"]["card.md"].update(sha256="x"), "files.card.md.sha256"),
        (
            lambda m: m["files"].pop("model.onnx"),
            "files: Value error, one of model.onnx and model.onnx.gz is needed",
        ),
        (
            lambda m: m["files"].update({"model.onnx.gz": {**m["files"]["card.md"], "unpacked_bytes": 7}}),
            "one of",
        ),
        (lambda m: m.update(digest=3), "digest"),
    ],
)
def test_a_changed_manifest_is_refused(tmp_path, change, message):
    folder = write(tmp_path / "bundle").path
    edit(folder, change)
    with pytest.raises(BundleError, match=message):
        read_bundle(folder)


def test_a_network_can_be_kept_compressed(tmp_path):
    network = b"weights " * 1000
    bundle = write(tmp_path / "bundle", model_onnx=network, packed=True)
    assert read_bundle(bundle.path) == bundle
    assert sorted(path.name for path in bundle.path.iterdir()) == ["bundle.json", "card.md", "model.onnx.gz"]
    assert bundle.model_path.stat().st_size < len(network) / 10
    assert bundle.model_onnx() == bundle.model_source() == network
    plain = write(tmp_path / "plain", model_onnx=network)
    assert plain.model_onnx() == network
    assert plain.model_source() == plain.path / "model.onnx"
    assert write(tmp_path / "again", model_onnx=network, packed=True).id == bundle.id


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"",
        lambda: b"not compressed",
        lambda: gzip.compress(b"w" * 999),
        lambda: gzip.compress(b"w" * 10**8, 1),
        lambda: gzip.compress(b"w" * 1000)[:-9],
    ],
    ids=["empty", "plain", "too short", "a bomb", "cut off"],
)
def test_a_compressed_network_that_is_not_what_the_bundle_says(tmp_path, content):
    bundle = write(tmp_path / "bundle", model_onnx=b"w" * 1000, packed=True)
    bundle.model_path.write_bytes(content())
    with pytest.raises(BundleError, match=r"model\.onnx\.gz: "):
        bundle.model_onnx()
    with pytest.raises(BundleError, match=r"model\.onnx\.gz: damaged"):
        read_bundle(bundle.path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_network_that_is_gone_is_told(tmp_path, packed):
    bundle = write(tmp_path / "bundle", packed=packed)
    bundle.model_path.unlink()
    with pytest.raises(BundleError, match=r"model\.onnx"):
        bundle.model_onnx()


def test_what_is_derived_from_a_compressed_bundle_holds_one_network(tmp_path):
    source = write(tmp_path / "bundle", packed=True)
    made = derive_bundle(source, tmp_path / "made", model_onnx=b"other", provenance={}, card="# Other\n")
    assert made.model_onnx() == b"other"
    assert sorted(path.name for path in made.path.iterdir()) == ["bundle.json", "card.md", "model.onnx"]


def test_a_metric_travels_with_the_bundle_and_what_is_derived_from_it(tmp_path):
    metric = np.arange(6, dtype=np.float16).reshape(3, 2)
    source = write(tmp_path / "bundle", packed=True)
    assert source.metric() is None
    with_metric = derive_bundle(source, tmp_path / "metric", metric=metric, metrics={"accuracy": 0.5})
    assert with_metric.metrics == {"accuracy": 0.5}
    assert with_metric.model_onnx() == source.model_onnx()
    exported = derive_bundle(read_bundle(with_metric.path), tmp_path / "made", model_onnx=b"other")
    for bundle in (with_metric, exported):
        assert np.array_equal(read_bundle(bundle.path).metric(), metric)
    assert source.id != with_metric.id != exported.id


@pytest.mark.parametrize(
    "metric", [np.full((3, 2), np.nan, np.float16), np.ones((3, 2))], ids=["NaN", "float64"]
)
def test_a_metric_that_is_none_is_not_written(tmp_path, metric):
    with pytest.raises(BundleError):
        derive_bundle(write(tmp_path / "bundle"), tmp_path / "made", metric=metric)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "metric",
    [np.zeros((3, 2)), np.ones((3, 0)), np.full((3, 2), 1e30), np.ones(3)],
    ids=["zero", "empty", "huge", "a row"],
)
def test_a_metric_that_no_embedding_can_be_multiplied_by_is_told(tmp_path, metric):
    made = derive_bundle(write(tmp_path / "bundle"), tmp_path / "made", metric=metric.astype(np.float32))
    with pytest.raises(BundleError, match=r"metric\.npz: holds no matrix"):
        made.metric()


def test_a_damaged_metric_is_told(tmp_path):
    source = write(tmp_path / "bundle")
    flat = derive_bundle(source, tmp_path / "flat", metric=np.ones((3, 2), np.float16))
    (flat.path / "metric.npz").write_bytes(b"PK")
    with pytest.raises(BundleError, match=r"metric\.npz"):
        flat.metric()
    with pytest.raises(BundleError, match=r"metric\.npz: damaged or changed"):
        read_bundle(flat.path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, "\xff"])
def test_a_manifest_that_is_no_object(tmp_path, text):
    folder = write(tmp_path / "bundle").path
    (folder / "bundle.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"bundle\.json: damaged"):
        read_bundle(folder)


def test_a_bundle_can_be_copied_elsewhere(tmp_path):
    bundle = write(tmp_path / "bundle")
    shutil.copytree(bundle.path, tmp_path / "copy")
    assert read_bundle(tmp_path / "copy").id == bundle.id


def test_has_the_permissions_of_an_ordinary_folder(tmp_path):
    (tmp_path / "ordinary").mkdir()
    mode = (tmp_path / "ordinary").stat().st_mode
    assert write(tmp_path / "bundle").path.stat().st_mode == mode


@pytest.mark.parametrize(
    ("provenance", "kept"),
    [
        ({}, "fp32"),
        ({"weight_bits": 7}, "weights in 7 bits"),
        ({"export": {"precision": "int8-weights"}}, "int8-weights"),
        ({"weight_bits": 7, "export": {"precision": "int8"}}, "int8"),
        ({"weight_bits": 7, "export": {"precision": "fp32"}}, "fp32"),
        ({"export": "by hand"}, "fp32"),
    ],
)
def test_it_tells_how_its_weights_are_kept(toy, tmp_path, provenance, kept):
    assert toy.write_toy_bundle(tmp_path / "bundle", provenance=provenance).kept_in == kept


def test_a_detectors_bundle_tells_how_it_looks_at_photos(tmp_path):
    rule = DetectionRule(min_score=0.35, suppression="soft", overlap=0.5, side=1536, tile=768)
    write(tmp_path / "bundle", categories=["product"], detection=rule)
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle.task == "detect"
    assert bundle.detection == rule
    assert json.loads((bundle.path / "bundle.json").read_text())["format_version"] == 3
    derived = derive_bundle(bundle, tmp_path / "other", model_onnx=b"smaller")
    assert (derived.task, derived.detection) == ("detect", rule)


def test_a_classifiers_bundle_stays_of_the_version_that_older_ones_read(tmp_path):
    bundle = write(tmp_path / "bundle")
    assert (bundle.task, bundle.detection) == ("classify", None)
    assert json.loads((bundle.path / "bundle.json").read_text())["format_version"] == 2


def test_a_model_for_another_task_is_refused_with_what_to_do(tmp_path):
    named = write(tmp_path / "classifier")
    found = write(tmp_path / "detector", detection=DetectionRule(min_score=0.3))
    named.refuse_other_task("classify")
    found.refuse_other_task("detect")
    with pytest.raises(BundleError, match=r"detector: this model finds products.*'shelfwise shelf'"):
        found.refuse_other_task("classify")
    with pytest.raises(BundleError, match=r"classifier: this model names the product.*--task detect"):
        named.refuse_other_task("detect")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("detection"), "'detect' does not go with format version 3 without detection"),
        (lambda m: m.pop("task"), "'classify' does not go with format version 3"),
        (lambda m: m.update(format_version=2), "'detect' does not go with format version 2"),
        (lambda m: m["detection"].update(min_score=1.5), "detection.min_score"),
        (lambda m: m["files"].update({"metric.npz": m["files"]["card.md"]}), "a detector has no decision"),
    ],
)
def test_a_detectors_manifest_that_makes_no_sense_is_refused(tmp_path, change, message):
    folder = write(tmp_path / "bundle", detection=DetectionRule(min_score=0.3)).path
    edit(folder, change)
    with pytest.raises(BundleError, match=message):
        read_bundle(folder)
