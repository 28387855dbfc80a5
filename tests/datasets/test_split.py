import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shelfwise.datasets.dataset import Box, Dataset, Sample
from shelfwise.datasets.duplicates import content_hashes, joined_groups, same_picture_groups
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import Split, crossval_folds, leaks, load_split, save_split, split_dataset
from shelfwise.datasets.stratify import targets
from shelfwise.errors import SplitError

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def dataset_of(counts: Sequence[int], **official: tuple[int, ...]) -> Dataset:
    """A dataset whose photos exist in name only."""
    samples = tuple(
        Sample(f"{label}/{i}.jpg", label) for label, count in enumerate(counts) for i in range(count)
    )
    return Dataset(Path("/nowhere"), "folders", tuple(map(str, range(len(counts)))), samples, official)


def alone(dataset: Dataset) -> range:
    """Groups for photos that are all different."""
    return range(len(dataset))


def write(root: Path, *counts: int, same: int = 0) -> Dataset:
    """A dataset on disk of different files, the first ``same`` of each category alike over all."""
    for label, count in enumerate(counts):
        (root / str(label)).mkdir(parents=True)
        for i in range(count):
            (root / str(label) / f"{i}.jpg").write_text("same" if i < same else f"{label} {i}")
    return read_dataset(root)


COUNTS = st.lists(st.integers(3, 40), min_size=1, max_size=5)
SHARE = st.integers(1, 20)
FRACTIONS = st.tuples(SHARE, SHARE, SHARE).map(lambda s: (s[0] / sum(s), s[1] / sum(s), s[2] / sum(s)))


@CALM
@given(counts=COUNTS, fractions=FRACTIONS, seed=st.integers(0, 1000))
def test_parts_are_disjoint_complete_and_stratified(
    counts: list[int], fractions: tuple[float, float, float], seed: int
) -> None:
    dataset = dataset_of(counts)
    split = split_dataset(dataset, fractions=fractions, seed=seed, groups=alone(dataset))
    assert sorted(split.train + split.val + split.test) == list(range(len(dataset)))
    for part, fraction in zip(split.parts.values(), fractions, strict=True):
        assert list(part) == sorted(part)
        for count, ours in zip(counts, dataset.subset(part).counts(), strict=True):
            assert ours >= 1
            if all(count * share >= 1 for share in fractions):
                assert abs(ours - count * fraction) < 1


@CALM
@given(count=st.integers(0, 300), fractions=FRACTIONS)
def test_targets_are_within_one_of_the_ideal(count: int, fractions: tuple[float, float, float]) -> None:
    numbers = targets(count, fractions)
    assert sum(numbers) == count
    ideal = [count * fraction for fraction in fractions]
    if count >= 3:
        assert min(numbers) >= 1
    if min(ideal) >= 1:
        assert all(abs(number - share) < 1 for number, share in zip(numbers, ideal, strict=True))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(3, [1, 1, 1]), (4, [2, 1, 1]), (5, [3, 1, 1]), (10, [7, 2, 1]), (11, [8, 2, 1]), (100, [70, 20, 10])],
)
def test_targets_of_70_20_10(count: int, expected: list[int]) -> None:
    assert targets(count, (0.7, 0.2, 0.1)) == expected


def test_a_part_with_no_share_stays_empty() -> None:
    dataset = dataset_of([10, 5])
    split = split_dataset(dataset, fractions=(0.8, 0.2, 0), groups=alone(dataset))
    assert [len(part) for part in split.parts.values()] == [12, 3, 0]


@CALM
@given(counts=COUNTS, seed=st.integers(0, 1000))
def test_a_seed_gives_the_same_split_each_time_and_another_seed_another(counts: list[int], seed: int) -> None:
    dataset = dataset_of([20, *counts])
    first, again, other = (
        split_dataset(dataset, seed=s, groups=alone(dataset)) for s in (seed, seed, seed + 1)
    )
    assert first == again
    assert first.test != other.test or first.val != other.val


def test_a_split_is_the_same_on_every_machine() -> None:
    dataset = dataset_of([10])
    split = split_dataset(dataset, groups=alone(dataset))
    assert (split.train, split.val, split.test) == ((1, 2, 4, 6, 7, 8, 9), (0, 3), (5,))


@settings(CALM, max_examples=60)
@given(data=st.data(), counts=st.lists(st.integers(6, 25), min_size=1, max_size=4))
def test_groups_never_straddle(data: st.DataObject, counts: list[int]) -> None:
    dataset = dataset_of(counts)
    size = len(dataset)
    groups = data.draw(st.lists(st.integers(0, size), min_size=size, max_size=size))
    labels = {
        group: {s.label for s, g in zip(dataset.samples, groups, strict=True) if g == group}
        for group in groups
    }
    assume(all(sum(label in its for its in labels.values()) >= 3 for label in range(len(counts))))
    split = split_dataset(dataset, groups=groups)
    assert sorted(split.train + split.val + split.test) == list(range(size))
    sides = [{groups[index] for index in part} for part in split.parts.values()]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert leaks(dataset, split, groups) == []
    if all(len(its) == 1 for its in labels.values()):
        assert all(min(dataset.subset(part).counts()) >= 1 for part in split.parts.values())


def test_pairs_are_divided_as_exactly_as_single_photos() -> None:
    dataset = dataset_of([40, 20])
    split = split_dataset(dataset, groups=[index // 2 for index in range(60)])
    assert [dataset.subset(part).counts() for part in split.parts.values()] == [(28, 14), (8, 4), (4, 2)]


@pytest.mark.parametrize("seed", range(5))
def test_a_large_group_does_not_upset_the_shares(seed: int) -> None:
    dataset = dataset_of([40])
    split = split_dataset(dataset, groups=[max(index, 23) for index in range(40)], seed=seed)
    assert [len(part) for part in split.parts.values()] == [28, 8, 4]


def test_crops_of_one_photo_stay_on_one_side() -> None:
    samples = tuple(Sample(f"{i // 4}.jpg", i % 2, Box(i, 0, 9, 9)) for i in range(80))
    dataset = Dataset(Path("/nowhere"), "coco", ("tea", "oil"), samples)
    split = split_dataset(dataset, groups=alone(dataset))
    side = {dataset.samples[i].path: name for name, part in split.parts.items() for i in part}
    assert all(side[dataset.samples[i].path] == name for name, part in split.parts.items() for i in part)
    assert [dataset.subset(part).counts() for part in split.parts.values()] == [(28, 28), (8, 8), (4, 4)]


def test_joined_groups_join_through_photos() -> None:
    samples = tuple(Sample(path, 0, Box(i, 0, 1, 1)) for i, path in enumerate(["a", "b", "a", "c", "b"]))
    dataset = Dataset(Path("/nowhere"), "coco", ("tea",), samples)
    assert joined_groups(dataset, [0, 1, 1, 2, 3]) == [0, 0, 0, 1, 0]


def test_identical_photos_stay_on_one_side(tmp_path: Path) -> None:
    dataset = write(tmp_path, 12, 9, same=2)
    groups = same_picture_groups(dataset)
    assert len(set(groups)) == 12 + 9 - 4 + 1
    split = split_dataset(dataset)
    assert sum(any(groups[i] == groups[0] for i in part) for part in split.parts.values()) == 1


def test_content_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    dataset = write(tmp_path, 2, 1)
    seen: list[tuple[int, int]] = []
    hashes = content_hashes(dataset, lambda done, total: seen.append((done, total)))
    assert hashes == [hashlib.sha256(text).hexdigest() for text in (b"0 0", b"0 1", b"1 0")]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_unreadable_files_get_a_hash_and_a_group_of_their_own(tmp_path: Path) -> None:
    dataset = write(tmp_path, 4, 3, same=2)
    before = content_hashes(dataset)
    for index in (0, 1):
        dataset.path(index).unlink()
    dataset.path(4).unlink()
    dataset.path(4).mkdir()  # there, but cannot be read as a file
    hashes = content_hashes(dataset)
    assert hashes == content_hashes(dataset)
    lost = {hashes[index] for index in (0, 1, 4)}
    assert len(lost) == 3 and not lost & set(before)
    assert [hashes[index] for index in (2, 3, 5, 6)] == [before[index] for index in (2, 3, 5, 6)]
    groups = same_picture_groups(dataset)
    assert len(set(groups)) == len(dataset)  # of the four alike, one is left


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ((0.7, 0.2, 0.2), "sum to 1.1, not to 1"),
        ((1.2, -0.1, -0.1), "from 0 to 1"),
        ((float("nan"), 0.5, 0.5), "from 0 to 1"),
        ((0.0, 0.5, 0.5), "training is 0"),
    ],
)
def test_wrong_fractions_are_refused(fractions: tuple[float, float, float], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        split_dataset(dataset_of([9]), fractions=fractions)


@pytest.mark.parametrize("val_fraction", [-0.1, 1.0, float("nan")])
def test_a_wrong_val_fraction_is_refused(val_fraction: float) -> None:
    with pytest.raises(SplitError, match="val_fraction"):
        split_dataset(dataset_of([9]), val_fraction=val_fraction)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([9, 0], "categories without photos: '1'"),
        ([], "no photos to divide"),
        ([9, 2, 1], r"too few photos .*: '1' \(2 photos, 2 different\), '2' \(1 photos"),
    ],
)
def test_categories_that_are_too_small_are_named(counts: list[int], message: str) -> None:
    dataset = dataset_of(counts)
    with pytest.raises(SplitError, match=message):
        split_dataset(dataset, groups=alone(dataset))


def test_copies_do_not_count_as_photos(tmp_path: Path) -> None:
    with pytest.raises(SplitError, match=r"'0' \(4 photos, 1 different\)"):
        split_dataset(write(tmp_path, 4, same=4))


def test_group_numbers_must_fit() -> None:
    with pytest.raises(SplitError, match="2 group numbers for 9 samples"):
        split_dataset(dataset_of([9]), groups=[0, 1])


def test_official_parts_are_taken_as_they_are() -> None:
    dataset = dataset_of([6], train=(0, 2), val=(1,), test=(3, 4))
    split = split_dataset(dataset, groups=[0, 1, 2, 0, 4, 5])
    assert split == Split((0, 2), (1,), (3, 4), 42, "official")
    assert leaks(dataset, split, [0, 1, 2, 0, 4, 5]) == [0]
    assert leaks(dataset, split, [0, 1, 2, 1, 4, 5]) == [1]
    assert leaks(dataset, split, alone(dataset)) == []
    assert split_dataset(dataset, groups=alone(dataset), use_official=False).method == "stratified"


def test_a_missing_validation_part_is_taken_from_training() -> None:
    dataset = dataset_of([100], train=tuple(range(80)), test=tuple(range(80, 100)))
    split = split_dataset(dataset, groups=alone(dataset), val_fraction=0.25)
    assert split.test == tuple(range(80, 100))
    assert [len(part) for part in split.parts.values()] == [60, 20, 20]


def test_a_missing_test_part_is_taken_from_training() -> None:
    dataset = dataset_of([100], train=tuple(range(80)), val=tuple(range(80, 100)))
    split = split_dataset(dataset, groups=alone(dataset))
    assert split.val == tuple(range(80, 100))
    assert [len(part) for part in split.parts.values()] == [72, 20, 8]


def test_copies_of_official_test_photos_are_left_out_of_what_is_divided() -> None:
    dataset = dataset_of([8], train=tuple(range(6)), test=(6, 7))
    split = split_dataset(dataset, groups=[0, 1, 2, 3, 4, 6, 6, 7], val_fraction=0.2)
    assert split.test == (6, 7)
    assert sorted(split.train + split.val) == [0, 1, 2, 3, 4]
    assert split.left_out == 1


def test_an_official_trainval_part_is_divided_beside_the_official_parts() -> None:
    dataset = dataset_of([10], train=(0, 1), val=(2,), test=(3,), trainval=tuple(range(4, 10)))
    split = split_dataset(dataset, groups=[0, 1, 2, 3, 3, 5, 6, 7, 8, 9], val_fraction=0.2)
    assert {0, 1} < set(split.train)
    assert 2 in split.val
    assert len(split.val) == 2
    assert split.test == (3,)
    assert (len(split.train), split.left_out) == (6, 1)


def test_a_training_part_alone_is_not_official() -> None:
    dataset = dataset_of([10], train=tuple(range(10)))
    assert split_dataset(dataset, groups=alone(dataset)).method == "stratified"


def test_official_lists_without_training_photos_of_a_category_are_refused() -> None:
    dataset = dataset_of([5, 5], train=(0, 1, 2), val=(3, 5), test=(4, 6))
    with pytest.raises(SplitError, match="no training photo in the official lists of '1'"):
        split_dataset(dataset, groups=alone(dataset))


def test_a_fold_is_the_test_and_its_copies_leave_training() -> None:
    dataset = dataset_of([30, 30], fold0=tuple(range(10)), fold1=tuple(range(10, 60)), fold10=(), fold2=())
    groups = [0 if index in (0, 15, 40) else index for index in range(60)]
    split = split_dataset(dataset, fold="fold0", groups=groups)
    assert (split.test, split.method) == (tuple(range(10)), "fold:fold0")
    assert set(split.train + split.val) == set(range(10, 60)) - {15, 40}
    assert split.left_out == 2
    assert len(split.val) == 3 + 4  # 15 % of 19 and of 29
    assert leaks(dataset, split, groups) == []
    assert crossval_folds(dataset) == ["fold0", "fold1", "fold2", "fold10"]


def test_a_val_fraction_of_0_leaves_validation_empty() -> None:
    folded = dataset_of([10, 10], fold0=tuple(range(5)), fold1=tuple(range(5, 20)))
    split = split_dataset(folded, fold="fold0", groups=alone(folded), val_fraction=0)
    assert (split.train, split.val, split.test) == (tuple(range(5, 20)), (), tuple(range(5)))
    listed = dataset_of([10], train=tuple(range(8)), test=(8, 9))
    split = split_dataset(listed, groups=alone(listed), val_fraction=0)
    assert (split.train, split.val, split.test) == (tuple(range(8)), (), (8, 9))


def test_an_unknown_or_empty_fold_is_refused() -> None:
    dataset = dataset_of([9], fold0=(0, 1), fold1=())
    with pytest.raises(SplitError, match="no official fold 'fold7'; it has fold0, fold1"):
        split_dataset(dataset, fold="fold7", groups=alone(dataset))
    with pytest.raises(SplitError, match="fold1 holds none"):
        split_dataset(dataset, fold="fold1", groups=alone(dataset))
    with pytest.raises(SplitError, match="it has none"):
        split_dataset(dataset_of([9]), fold="fold0", groups=range(9))


def test_a_saved_split_is_read_back(tmp_path: Path) -> None:
    dataset = dataset_of([12, 9])
    split = split_dataset(dataset, groups=alone(dataset), seed=7)
    save_split(tmp_path / "split.json", dataset, split)
    assert load_split(tmp_path / "split.json", dataset) == split
    content = json.loads((tmp_path / "split.json").read_text())
    assert (content["seed"], content["method"], content["categories"]) == (7, "stratified", ["0", "1"])
    assert content["dataset"] == dataset.fingerprint()


def test_the_number_left_out_is_saved_and_0_where_a_file_has_none(tmp_path: Path) -> None:
    dataset = dataset_of([9], fold0=(0, 1), fold1=tuple(range(2, 9)))
    split = split_dataset(dataset, fold="fold0", groups=[0, 1, 0, *range(3, 9)])
    path = tmp_path / "split.json"
    save_split(path, dataset, split)
    assert split.left_out == 1 and load_split(path, dataset) == split
    content = json.loads(path.read_text())
    del content["left_out"]
    path.write_text(json.dumps(content))
    assert load_split(path, dataset) == replace(split, left_out=0)


def test_a_saved_split_outlives_new_photos_and_another_order(tmp_path: Path) -> None:
    dataset = dataset_of([12, 9])
    split = split_dataset(dataset, groups=alone(dataset))
    save_split(tmp_path / "split.json", dataset, split)
    grown = replace(dataset, samples=(Sample("0/00.jpg", 0), *dataset.samples))
    loaded = load_split(tmp_path / "split.json", grown)
    assert [grown.samples[i] for i in loaded.test] == [dataset.samples[i] for i in split.test]
    assert 0 not in {*loaded.train, *loaded.val, *loaded.test}


def test_a_split_of_another_dataset_is_refused(tmp_path: Path) -> None:
    dataset = dataset_of([12, 9])
    path = tmp_path / "split.json"
    save_split(path, dataset, split_dataset(dataset, groups=alone(dataset)))
    with pytest.raises(SplitError, match=r"photos that are not in /nowhere \(2\): 1/"):
        load_split(path, dataset_of([12, 7]))
    with pytest.raises(SplitError, match=r"was made for 2 categories \(0, 1\), not for these 3"):
        load_split(path, dataset_of([12, 9, 3]))
    swapped = replace(dataset, samples=(Sample("0/0.jpg", 1), *dataset.samples[1:]))
    with pytest.raises(SplitError, match=r"0/0\.jpg is '0' there, but '1' in"):
        load_split(path, swapped)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a split file"),
        ("{}", r"is not a split file of Shelfwise \(format: Field required\)"),
        ('{"format": "shelfwise-split", "version": 2}', "version"),
    ],
)
def test_a_file_that_is_no_split_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(SplitError, match=message):
        load_split(path, dataset_of([9]))
    with pytest.raises(SplitError, match="cannot be read"):
        load_split(tmp_path / "none.json", dataset_of([9]))


def test_a_split_file_with_a_photo_twice_is_refused(tmp_path: Path) -> None:
    dataset = dataset_of([9])
    path = tmp_path / "split.json"
    save_split(path, dataset, Split((0, 1), (2,), (1,), 42, "stratified"))
    with pytest.raises(SplitError, match="twice"):
        load_split(path, dataset)


@pytest.mark.realdata
def test_freiburgs_identical_pictures_never_straddle(real_data: Path) -> None:
    dataset = read_dataset(real_data / "freiburg")
    groups = same_picture_groups(dataset)
    assert sum(count > 1 for count in Counter(groups).values()) == 11  # of the four folds in this copy
    for seed in (42, 1, 2):
        split = split_dataset(dataset, seed=seed, groups=groups)
        assert leaks(dataset, split, groups) == []
        assert [len(part) for part in split.parts.values()] == [2760, 792, 396]
    for fold in crossval_folds(dataset):
        split = split_dataset(dataset, fold=fold, groups=groups)
        assert leaks(dataset, split, groups) == []
        assert split.test == dataset.official[fold]


@pytest.mark.realdata
def test_grocery_stores_official_lists_are_the_split(real_data: Path) -> None:
    dataset = read_dataset(real_data / "grocery-store")
    split = split_dataset(dataset)
    assert split.method == "official"
    assert [len(part) for part in split.parts.values()] == [2640, 296, 2485]
    assert leaks(dataset, split) == []


@pytest.mark.realdata
def test_crops_of_the_real_checkout_photos_stay_on_one_side(real_data: Path) -> None:
    dataset = read_dataset(real_data / "checkout-items")
    split = split_dataset(dataset, use_official=False)
    assert leaks(dataset, split) == []
    assert all(min(dataset.subset(part).counts()) >= 1 for part in split.parts.values())
    with pytest.raises(SplitError, match="'4D_medical_face-mask', 'aquafina'"):
        split_dataset(dataset)
