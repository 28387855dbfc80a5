import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # the benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from benchmarks import classifying, machine, measure, photos, runs
from benchmarks.__main__ import main
from benchmarks.goals import GOALS, TITLES
from benchmarks.report import render, write_page
from benchmarks.result import BenchmarkError, Result, read_results
from benchmarks.unlearned import NOISE, freiburg_left_out, noise, pictures
from shelfwise.hierarchy import Hierarchy
from shelfwise.rules import DecisionRule
from shelfwise.workflows.evaluate import evaluate


def result(name="speed-train", value=2.5, **changes):
    figures = tuple(goal.figure(value, value - 0.1, value + 0.1, ours="A", peer="B") for goal in GOALS[name])
    values = {"command": ("make bench",), "method": ("Carefully.",), "machine": {"CPU": "Abacus"}}
    values |= {"name": name, "figures": figures, "versions": {"python": "3.11"}, "samples": {"ours": [1.0]}}
    return Result(**{**values, **changes})


def test_a_result_is_read_as_it_was_written(tmp_path):
    written = result(limit=("Light.",), remarks=("It was dark.",))
    assert written.save(tmp_path) == tmp_path / "speed-train.json"
    assert read_results(tmp_path) == {"speed-train": written}


def test_no_folder_is_no_result(tmp_path):
    assert read_results(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"figures": [{"value": "fast"}]}, "figures.0"),
        ({"extra": 1}, "extra"),
        ({"version": 2}, "version"),
    ],
)
def test_a_wrong_result_is_named_with_what_is_wrong(tmp_path, change, where):
    path = result().save(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(BenchmarkError, match=where) as caught:
        read_results(tmp_path)
    assert "speed-train.json" in str(caught.value)


def test_a_result_under_another_name_is_refused(tmp_path):
    result().save(tmp_path).rename(tmp_path / "speed-classify.json")
    with pytest.raises(BenchmarkError, match="holds the result of speed-train"):
        read_results(tmp_path)


def test_damaged_json_is_refused(tmp_path):
    (tmp_path / "speed-train.json").write_text("{", "utf-8")
    with pytest.raises(BenchmarkError, match="measure it anew"):
        read_results(tmp_path)


def test_the_page_without_results_names_every_figure_and_its_line():
    page = render({})
    for goals in GOALS.values():
        for goal in goals:
            assert f"| {goal.what} |" in page
    assert page.count("not yet") == sum(map(len, GOALS.values()))
    assert "at least 84 %" in page
    assert "at least 2×" in page
    assert "at most 1.1×" in page


def test_the_page_shows_a_figure_below_its_line_as_it_is():
    page = render({"speed-train": result(value=1.5)})
    assert "**1.50×** | not reached |" in page
    assert "**1.50×** (1.40× to 1.60×)" in page
    assert "reached" in render({"speed-train": result(value=2.0)})


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("speed-train", 1.9999, "1.99×"),
        ("speed-train", 2.0, "2.00×"),
        ("accuracy-freiburg", 0.83999, "83.9 %"),
        ("accuracy-freiburg", 0.7968, "79.7 %"),
        ("accuracy-freiburg", 0.841, "84.1 %"),
        ("memory-classify", 1.1001, "1.11×"),
        ("memory-classify", 1.0068, "1.01×"),
    ],
)
def test_rounding_carries_no_figure_over_its_line(name, value, shown):
    assert f"**{shown}**" in render({name: result(name, value)})


def test_at_most_is_reached_from_below():
    (figure,) = result("memory-classify", 1.05).figures
    assert figure.reached
    (figure,) = result("memory-classify", 1.2).figures
    assert not figure.reached


def test_a_section_tells_how_and_on_what():
    page = render({"speed-train": result(limit=("Light.",), remarks=("It was dark.",))})
    for text in (
        "$ make bench",
        "Carefully.",
        "- Light.",
        "- It was dark.",
        "CPU: Abacus",
        "speed-train.json",
    ):
        assert text in page
    assert f"## {TITLES['speed-train']}" in page


def test_the_page_in_the_project_is_what_the_results_say():
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert page == render(read_results(ROOT / "benchmarks" / "results")), "run: python -m benchmarks report"


def test_results_in_the_project_name_no_place_on_the_machine_that_measured():
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        text = path.read_text("utf-8")
        assert not any(place in text for place in ("/home/", "/root/", "/work/", "/tmp/", str(ROOT)))


def test_writing_the_page_needs_no_measuring(tmp_path):
    result().save(tmp_path)
    write_page(tmp_path, tmp_path / "page.md")
    assert "**2.50×**" in (tmp_path / "page.md").read_text("utf-8")
    assert main(["report", "--results", str(tmp_path)]) == 0
    assert (tmp_path / "benchmarks.md").read_bytes() == (tmp_path / "page.md").read_bytes()


def test_a_trial_does_not_go_into_the_project(capsys):
    with pytest.raises(SystemExit):
        main(["memory-classify", "--photos", "8"])
    assert "--results" in capsys.readouterr().err


def test_every_goal_has_a_title_and_a_benchmark():
    from benchmarks.__main__ import _benchmarks

    assert list(GOALS) == list(TITLES) == list(_benchmarks())


def test_measuring_a_command():
    script = "import time; print('a', flush=True); time.sleep(0.2); x = bytearray(60_000_000); print('b')"
    run = measure.measure([sys.executable, "-c", script])
    assert run.lines == ["a", "b"]
    assert run.arrivals[0] < run.arrivals[1] <= run.seconds + 0.1
    assert run.seconds >= 0.2
    assert run.peak_bytes > 60_000_000


def test_the_memory_of_this_process_is_not_counted():
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    run = measure.measure([sys.executable, "-c", "print()"])
    assert run.peak_bytes < 100_000_000


def test_each_side_chooses_its_threads_by_itself(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run = measure.measure([sys.executable, "-c", "import os; print(os.environ.get('OMP_NUM_THREADS'))"])
    assert run.lines == ["None"]


def test_a_command_that_fails_is_an_error_with_what_it_said():
    with pytest.raises(BenchmarkError, match=r"ended with 3:\n(.*\n)*no paper"):
        measure.measure([sys.executable, "-c", "import sys; print('no paper', file=sys.stderr); sys.exit(3)"])


def test_rate_after_start_leaves_out_the_header_and_the_first_tenth():
    arrivals = [5.0, *(10.0 + i for i in range(10)), *(20.0 + i / 2 for i in range(90))]
    run = measure.Run(64.5, 1, 0, 1, ["x"] * 101, arrivals)
    assert run.rate_after_start() == pytest.approx(2.0)


def test_comparison_is_of_medians_with_the_range_of_the_pairs():
    compared = measure.compare([10, 30, 20], [5, 10, 20])
    assert (compared.ours, compared.peer, compared.ratio) == (20, 10, 2)
    assert (compared.low, compared.high) == (1, 3)
    assert compared.spread() == "2.00× (1.00 to 3.00)"


def test_sides_take_turns_and_change_who_begins():
    order = []

    def side(name):
        order.append(name)
        return measure.Run(1, 1, 0, 1, [], [])

    measure.alternate(lambda: side("ours"), lambda: side("peer"), 3, lambda text: None)
    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]


def test_agreement_is_by_photo_whatever_the_order_and_folder():
    one = ["path,category,confidence", "x/1.jpg,Tea,0.9", "x/2.jpg,Milk,0.8"]
    other = ["path,category", "2.jpg,Milk", "1.jpg,Juice"]
    assert classifying.agreement(one, other) == 0.5
    with pytest.raises(ValueError, match="not the same"):
        classifying.agreement(one, other[:2])


def test_machine_facts_have_no_date_and_no_name_of_the_machine():
    facts = machine.facts()
    assert set(facts) == {
        "CPU",
        "cores",
        "instruction sets",
        "memory",
        "engine where none is named",
        "system",
    }
    assert machine.versions(["numpy", "no-such-package"])["no-such-package"] == "not installed"


def test_photo_folder_repeats_the_photos_and_is_removed(tmp_path):
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for path in files:
        path.write_bytes(path.name.encode())
    with photos.photo_folder(files, 5) as folder:
        names = sorted(folder.iterdir())
        assert [path.read_bytes() for path in names] == [b"a.jpg", b"b.jpg", b"a.jpg", b"b.jpg", b"a.jpg"]
    assert not folder.exists()


@pytest.mark.realdata
def test_photos_are_spread_over_the_sets(real_data):
    chosen = photos.photo_set(50)
    assert len(set(chosen.files)) == 50
    assert not chosen.rendered
    folders = {path.relative_to(real_data).parts[0] for path in chosen.files}
    assert folders == {"freiburg", "grocery-store"}
    assert "of Freiburg Groceries" in chosen.what


def test_accuracy_without_photos_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path / "none"))
    assert main(["accuracy-freiburg", "--results", str(tmp_path / "results")]) == 1
    assert "SHELFWISE_DATA" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    wanted = runs.Wanted("accuracy-freiburg", tmp_path, "photos", ("lite0",))
    with pytest.raises(BenchmarkError, match=r"none of the given runs fits:\n.*no config.toml"):
        runs.trained(wanted, [tmp_path])


def test_the_command_of_a_figure():
    wanted = runs.Wanted(
        "x", Path("p"), "$SHELFWISE_DATA/p", ("small-cnn",), {"classes": ("A", "B"), "head_first": False}
    )
    assert runs.train_command(wanted) == (
        "shelfwise train $SHELFWISE_DATA/p --recipe small-cnn --classes A,B --no-head-first --seed 42"
    )


def toy_run(toy, folder):
    """Something that looks like a run of ``small-cnn``, with a network that computes the mean colour."""
    toy.write_toy_bundle(folder / "bundle", name="small-cnn")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "best.safetensors").write_bytes(b"")
    return folder


def test_memory_from_end_to_end(toy, tmp_path, monkeypatch):
    sets = tmp_path / "data" / "freiburg" / "images" / "Red"
    sets.mkdir(parents=True)
    for index in range(3):
        Image.new("RGB", (20, 20), (200, index, 0)).save(sets / f"{index}.jpg")
    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path / "data"))
    results = tmp_path / "results"
    arguments = ["memory-classify", "--photos", "6", "--repeats", "1", "--results", str(results)]
    assert main([*arguments, "--run", str(toy_run(toy, tmp_path / "run"))]) == 0
    measured = read_results(results)["memory-classify"]
    assert [len(samples) for samples in measured.samples.values()] == [1, 1]
    assert "60 photos" in measured.figures[0].ours
    assert "peak memory" in (results / "benchmarks.md").read_text("utf-8")


def deciding_bundle(toy, folder, categories, **changes):
    """A toy that accepts strong colours and takes what is dark for unknown."""
    tree = Hierarchy.from_categories(categories)
    rule = DecisionRule(
        precision=0.98,
        keep_known=0.95,
        levels=list(tree.levels),
        thresholds=dict.fromkeys(tree.nodes, 0.9),
        novelty="energy",
        novelty_threshold=-5.0,
    )
    return toy.write_toy_bundle(folder, **{"categories": categories, "decision": rule, **changes})


def freiburg_of_colours(folder):
    """Freiburg's layout with photos of three colours, each in fold 0."""
    folds = [[] for _ in range(4)]
    for name, colour in {"RED": (250, 0, 0), "GREEN": (0, 250, 0), "DARK_BLUE": (0, 0, 250)}.items():
        (folder / "images" / name).mkdir(parents=True)
        for index, fold in enumerate(folds):
            Image.new("RGB", (20, 20), colour).save(folder / "images" / name / f"{name}{index:04}.jpg")
            fold.append(f"images/{name}/{name}{index:04}.jpg\n")
    (folder / "folds").mkdir()
    for index, lines in enumerate(folds):
        (folder / "folds" / f"fold{index}.txt").write_text("".join(lines))


def test_a_trial_of_knowing_when_not_to_know(toy, tmp_path, monkeypatch):
    data = tmp_path / "data"
    freiburg_of_colours(data / "freiburg")
    groceries = data / "grocery-store"
    groceries.mkdir()
    monkeypatch.setenv("SHELFWISE_DATA", str(data))
    monkeypatch.setattr("benchmarks.unknown._SETS", {"freiburg": ("freiburg", "fold0", None)})
    bundle = deciding_bundle(toy, tmp_path / "bundle", ["paint/red", "paint/green", "paint/dark-blue"])
    results = tmp_path / "results"
    arguments = ["unknown", "--photos", "30", "--results", str(results), "--run", str(bundle.path)]
    assert main(arguments) == 0
    measured = read_results(results)["unknown"]
    precision, coverage, told_apart, _ = measured.figures
    assert (precision.value, coverage.value) == (1.0, 1.0)
    assert measured.samples["known"]["freiburg"]["photos"] == 3
    assert set(measured.samples["unlearned"]) == {"noise", "other pictures"}
    assert 0.0 <= told_apart.low <= told_apart.value <= told_apart.high <= 1.0


def test_a_variety_under_the_label_is_judged_as_evaluate_does(toy, tmp_path, monkeypatch):
    """Freiburg tells nothing under red, so that nobody can say that a kind of red is wrong."""
    data = tmp_path / "data"
    freiburg_of_colours(data / "freiburg")
    monkeypatch.setenv("SHELFWISE_DATA", str(data))
    monkeypatch.setattr("benchmarks.unknown._SETS", {"freiburg": ("freiburg", "fold0", None)})
    bundle = deciding_bundle(toy, tmp_path / "bundle", ["paint/red/bravo", "paint/green", "paint/dark-blue"])
    arguments = ["unknown", "--photos", "30", "--results", str(tmp_path / "results")]
    assert main([*arguments, "--run", str(bundle.path)]) == 0
    measured = read_results(tmp_path / "results")["unknown"]
    run = evaluate(bundle.path, data / "freiburg", part="fold0", note=lambda _: None)
    assert measured.figures[0].value == run.result.decisions.total.precision == 1.0
    assert measured.samples["known"]["freiburg"]["deeper"] == 1
    assert "1 of the right ones are more exact than the label" in measured.remarks[0]


def test_a_bundle_that_decides_nothing_is_not_measured(toy, tmp_path, capsys):
    bundle = toy.write_toy_bundle(tmp_path / "bundle")
    assert main(["unknown", "--results", str(tmp_path / "results"), "--run", str(bundle.path)]) == 1
    assert "decides nothing" in capsys.readouterr().err


@pytest.mark.parametrize("kind", NOISE)
def test_noise_is_the_same_each_time_and_differs_within_its_kind(kind):
    one, other = list(noise(kind)), list(noise(kind))
    assert len(one) == 20
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert all(a.dtype == np.uint8 and a.shape == (256, 256, 3) for a in one)
    assert len({a.tobytes() for a in one}) > 1


def test_other_pictures_come_from_installed_packages():
    found = list(pictures())
    assert len(found) == 3 * 17
    assert all(each.ndim == 3 and each.shape[2] == 3 for each in found)


def test_every_fifth_category_is_left_out():
    assert freiburg_left_out("ABCDEFGHIJ") == ("E", "J")


def test_milliseconds_are_shown_with_their_unit():
    page = render({"product-search": result("product-search", 20.04)})
    assert "at most 20 ms" in page
    assert "**20.1 ms** | not reached |" in page


def clusters(classes, each, spread, seed=0):
    from benchmarks.embedded import Photos
    from shelfwise.inference.products.gallery import unit_rows

    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((classes, 24))
    labels = np.repeat(np.arange(classes), each)
    rows = centres[labels] + spread * random.standard_normal((len(labels), 24))
    return Photos(unit_rows(rows.astype(np.float32)), labels)


def test_few_shot_accuracy_is_that_of_what_is_asked():
    from benchmarks.few_shot import accuracies

    clear = accuracies(clusters(8, 6, 0.1), clusters(8, 4, 0.1, seed=1), shots=1, draws=5)
    assert clear.mean == 1
    assert clear.asked == 32
    shuffled = clusters(8, 4, 0.1, seed=1)
    shuffled.labels[:] = np.roll(shuffled.labels, 4)
    assert accuracies(clusters(8, 6, 0.1), shuffled, shots=1, draws=5).mean == 0
    one, five = (
        accuracies(clusters(8, 30, 1.5), clusters(8, 30, 1.5, seed=1), shots=n, draws=20) for n in (1, 5)
    )
    assert 1 / 8 < one.mean < five.mean < 1
    assert one.ends[0] < one.mean < one.ends[1]


def test_few_shot_never_asks_about_what_it_enrolled():
    from benchmarks.few_shot import accuracies

    photos = clusters(5, 4, 0.1)
    assert accuracies(photos, None, shots=3, draws=2).asked == 5


def test_few_shot_draws_are_the_same_with_the_same_seed():
    from benchmarks.few_shot import accuracies

    photos = clusters(6, 9, 1.5)
    first, again, other = (accuracies(photos, None, shots=2, draws=9, seed=s).values for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_few_shot_asks_about_nothing_that_cannot_be_enrolled():
    from benchmarks.few_shot import accuracies

    few, many = clusters(3, 4, 0.1), clusters(5, 4, 0.1)
    with pytest.raises(BenchmarkError, match=r"no photos to enrol of the classes \[3, 4\]"):
        accuracies(few, many, shots=1, draws=1)
    assert accuracies(few, many.of(few.labels), shots=1, draws=1).asked == 12


def test_few_shot_asks_only_about_some_classes_and_enrols_all():
    from benchmarks.few_shot import accuracies

    photos = clusters(5, 4, 0.1)
    assert accuracies(photos, None, shots=1, draws=2, only=[1, 3]).asked == 6
    # Class 1 looks as class 0 does, which is not asked about but stands to choice.
    photos.rows[photos.labels == 1] = photos.rows[photos.labels == 0]
    assert 0 < accuracies(photos, None, shots=1, draws=20, only=[1]).mean < 1


def test_few_shot_without_the_twin_says_how_to_make_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.twin.FOLDER", tmp_path / "none")
    assert main(["few-shot", "--results", str(tmp_path)]) == 1
    assert 'make default-model ARGS="--left-out"' in capsys.readouterr().err


FREIBURG = {
    "CAKE": (250, 0, 0),
    "JUICE": (0, 250, 0),
    "MILK": (0, 0, 250),
    "TEA": (130, 130, 130),
    "WATER": (120, 120, 0),
}
GOODS = {
    "Fruit/Apple/Granny-Smith": (230, 110, 30),
    "Fruit/Kiwi": (30, 110, 230),
    "Packages/Juice/Bravo": (30, 200, 30),
    "Vegetables/Leek": (200, 200, 200),
}
ITEMS = {"wipes": (250, 0, 0), "milo": (0, 250, 0), "face-mask": (0, 0, 250)}


@pytest.fixture
def left_out_twin(toy, toy_sets, tmp_path, monkeypatch):
    """Toy sets, and a toy that says that it was trained on them as the twin is; it knows what it knows by colour."""
    from benchmarks import few_shot
    from shelfwise.datasets.layouts import read_dataset

    data = tmp_path / "data"
    toy_sets.freiburg(data / "freiburg", FREIBURG)
    toy_sets.grocery_store(data / "grocery-store", GOODS, each=6)
    toy_sets.checkout_items(data / "checkout-items", ITEMS)
    monkeypatch.setenv("SHELFWISE_DATA", str(data))
    monkeypatch.setattr(few_shot, "_CLASSES", {"grocery-store": 4, "checkout-items": 3})
    learned = ["CAKE", "JUICE", "MILK", "TEA"]
    fingerprint = read_dataset(data / "freiburg", classes=learned).fingerprint()
    origin = {"share": 1.0, "layout": "freiburg", "dataset_fingerprint": fingerprint, "split": "fold:fold0"}
    return deciding_bundle(
        toy,
        tmp_path / "twin",
        learned,
        model_onnx=toy.toy_onnx(gain=1.0, colours=[[40, 0, 0], [0, 40, 0], [0, 0, 40], [18, 18, 18]]),
        provenance={"members": [origin]},
    )


def test_few_shot_refuses_a_twin_with_another_embedding(left_out_twin, tmp_path, capsys):
    arguments = ["few-shot", "--results", str(tmp_path / "results"), "--bundle", str(left_out_twin.path)]
    assert main(arguments) == 1
    assert "its metric for products has the shape None, that of the model that ships (1088, 384)" in (
        capsys.readouterr().err
    )


def test_few_shot_from_end_to_end(left_out_twin, tmp_path, monkeypatch):
    # The toy ships too, so that its embedding is that of its twin.
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_BUNDLE", left_out_twin.path)
    arguments = ["few-shot", "--repeats", "3", "--results", str(tmp_path / "results")]
    assert main([*arguments, "--bundle", str(left_out_twin.path)]) == 0
    measured = read_results(tmp_path / "results")["few-shot"]
    assert measured.samples["twin"]
    assert measured.samples["familiar"] == ["Packages/Juice/Bravo"]
    assert [figure.value for figure in measured.figures] == [1.0] * 6
    protocols = measured.samples["protocols"]
    assert [protocols[name]["1"]["asked"] for name in protocols] == [20, 24, 15, 18, 6, 12]
    assert set(measured.samples["threshold"]) == {"one pool", "two lists"}
    page = (tmp_path / "results" / "benchmarks.md").read_text("utf-8")
    # The harder protocol stands in the same tables as the headline.
    assert page.count("enrolled from the training list, asked on the test list") == 2
    assert "| Grocery Store, enrolled from the official training list, the official test list asked" in page


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"categories": ["Fruit/Apple", "Tea", "Milk"]}, "Fruit/Apple"),
        ({"categories": ["milo", "b", "c"]}, "milo"),
        ({"provenance": {"layout": "grocery-store"}}, "photos of Grocery Store"),
        ({"provenance": {"members": [{"layout": "groceries"}]}}, "photos of Grocery Store"),
    ],
)
def test_few_shot_refuses_a_model_that_knows_the_classes(left_out_twin, toy, tmp_path, capsys, changes, what):
    bundle = toy.write_toy_bundle(tmp_path / "other", **changes)
    assert main(["few-shot", "--bundle", str(bundle.path), "--results", str(tmp_path / "results")]) == 1
    error = capsys.readouterr().err
    assert "has learned" in error
    assert what in error
    assert "not the left-out twin" in error


def test_few_shot_takes_another_model_that_knows_none_of_the_classes(left_out_twin, toy, tmp_path):
    bundle = toy.write_toy_bundle(tmp_path / "other", categories=["Pantry/Beans", "TEA", "Red"])
    arguments = ["few-shot", "--repeats", "1", "--results", str(tmp_path / "results")]
    assert main([*arguments, "--bundle", str(bundle.path)]) == 0
    measured = read_results(tmp_path / "results")["few-shot"]
    assert not measured.samples["twin"]
    assert measured.samples["familiar"] == []


def test_left_out_from_end_to_end(left_out_twin, tmp_path):
    arguments = ["unknown-left-out", "--results", str(tmp_path / "results")]
    assert main([*arguments, "--bundle", str(left_out_twin.path)]) == 0
    measured = read_results(tmp_path / "results")["unknown-left-out"]
    near, other, mean = measured.figures
    assert mean.value == pytest.approx((near.value + other.value) / 2)
    counts = measured.samples["unlearned"]
    # Two photos a category lie in fold 0; of Grocery Store, juice is no unlearned category.
    assert measured.samples["known"]["freiburg"]["photos"] == 8
    assert (counts["WATER"]["pictures"], counts["near"]["pictures"]) == (2, 2)
    assert {kind: counts[kind]["pictures"] for kind in ("Apple", "Kiwi", "Leek")} == dict.fromkeys(
        ("Apple", "Kiwi", "Leek"), 6
    )
    assert "Juice" not in counts
    for name, figure in (("near", near), ("other", other)):
        each = counts[name]
        assert each["accept"] + each["ask"] + each["unknown"] == each["pictures"]
        assert f"{each['accept']} accepted (wrongly), {each['ask']} asked about" in figure.peer
        assert figure.value == each["auroc"]


def test_left_out_is_measured_with_the_twin_only(left_out_twin, toy, tmp_path, capsys):
    other = toy.write_toy_bundle(tmp_path / "other")
    results = ["--results", str(tmp_path / "results")]
    assert main(["unknown-left-out", "--bundle", str(other.path), *results]) == 1
    assert "not the left-out twin (it has 3 categories, not the 4 learned" in capsys.readouterr().err
    undecided = toy.write_toy_bundle(
        tmp_path / "undecided",
        categories=left_out_twin.categories,
        provenance=left_out_twin.provenance,
    )
    assert main(["unknown-left-out", "--bundle", str(undecided.path), *results]) == 1
    assert "decides nothing" in capsys.readouterr().err


def test_the_threshold_tells_enrolled_products_from_others():
    from benchmarks.product_threshold import verdicts
    from shelfwise.inference.products.calibration import Prior
    from shelfwise.inference.products.index import ModelRef

    model, prior = ModelRef(id="0" * 12, name="drawn"), Prior(same=0.9, other=0.3)
    clear = verdicts(clusters(8, 6, 0.1), None, model, prior, draws=3)
    assert (clear.right, clear.wrong, clear.refused, clear.strangers_refused) == (1, 0, 0, 1)
    assert (clear.enrolled, clear.strangers) == (4 * 5, 4 * 6)
    never = verdicts(clusters(8, 6, 0.1), clusters(8, 3, 30.0, seed=1), model, prior, draws=3)
    assert never.refused > 0.8
    assert never.right + never.wrong + never.refused == pytest.approx(1)
    assert (never.enrolled, never.strangers) == (4 * 3, 4 * 3)


def test_product_search_from_end_to_end(tmp_path):
    assert main(["product-search", "--photos", "300", "--repeats", "3", "--results", str(tmp_path)]) == 0
    measured = read_results(tmp_path)["product-search"]
    assert measured.samples["products"] == 300
    assert 0 < measured.figures[0].value < 1000


def test_the_front_joins_what_nothing_beats(tmp_path):
    from benchmarks.front import Candidate, plot

    candidates = [
        Candidate("quick", 0.8, 0.8, 0.9, 100, 5, False),
        Candidate("beaten", 0.7, 0.7, 0.8, 50, 20, False),
        Candidate("exact", 0.95, 0.9, 0.95, 10, 24, True),
    ]
    plot(candidates, tmp_path / "images" / "front.png")
    with Image.open(tmp_path / "images" / "front.png") as picture:
        assert picture.size[0] > 800


@pytest.mark.parametrize(
    ("provenance", "name"),
    [
        ({}, "toy"),
        ({"weight_bits": 7}, "toy, weights in 7 bits"),
        ({"weight_bits": 7, "export": {"precision": "int8"}}, "toy, int8"),
    ],
)
def test_a_candidate_is_named_with_how_its_numbers_are_kept(toy, tmp_path, provenance, name):
    from benchmarks.front import named

    assert named(toy.write_toy_bundle(tmp_path / "bundle", provenance=provenance)) == name


def test_a_table_and_a_picture_are_shown():
    plain = result("front", 1.0).model_copy(
        update={"figures": (), "table": (("model", "MB"), ("lite0", "13")), "picture": "images/front.png"}
    )
    page = render({"front": plain})
    assert "| model | MB |\n|---|---|\n| lite0 | 13 |" in page
    assert "![Accuracy against speed](images/front.png)" in page
