from pathlib import Path

import pytest

from shelfwise.datasets.dataset import Dataset, Sample
from shelfwise.datasets.layouts.joined import groceries
from shelfwise.errors import DataError
from shelfwise.hierarchy import Hierarchy
from shelfwise.workflows.matching import match_categories, match_dataset

TREE = Hierarchy.from_categories(
    ["Drinks/Juice", "Drinks/Juice/Bravo", "Drinks/Juice/Tropicana", "Fruit/Apple/Gala", "Fruit/Apple/Granny"]
)


def dataset(*categories: str) -> Dataset:
    samples = tuple(Sample(f"{label}.jpg", label) for label in range(len(categories)))
    return Dataset(Path("/photos"), "folders", categories, samples)


def matched(*categories: str, **options: bool) -> tuple[dict[str, str], set[str]]:
    """The node of each category, and the nodes that are coarse."""
    of = dataset(*categories)
    found = match_dataset(of, range(len(of)), TREE, **options)
    names = {of.categories[label]: TREE.nodes[node] for label, node in found.nodes.items()}
    return names, {TREE.nodes[node] for node in found.coarse}


def test_names_are_matched_exactly_then_without_case_then_by_their_last_level() -> None:
    known = ["Milk", "Fruit/Apple", "Fruit/Pear", "tea", "Tea"]
    names = ["milk", "apple", "Fruit/Pear", "Tea", "TEA", "Juice"]
    assert match_categories(names, known) == {
        "milk": "Milk",
        "apple": "Fruit/Apple",
        "Fruit/Pear": "Fruit/Pear",
        "Tea": "Tea",
    }


def test_lines_below_and_between_words_and_spaces_are_the_same() -> None:
    known = ["Pantry/Tomato-Sauce", "Pantry/Olive Oil", "red_wine"]
    names = ["TOMATO_SAUCE", "packages/olive-oil", "Red Wine"]
    assert match_categories(names, known) == dict(zip(names, known, strict=True))
    assert match_categories(["a b"], ["a_b", "a-b"]) == {}
    assert match_categories(["a b", "A-B"], ["a_b"]) == {}


def test_a_last_level_that_two_names_share_matches_neither() -> None:
    assert match_categories(["A/Other", "B/Other"], ["Other"]) == {}
    assert match_categories(["Other"], ["A/Other", "B/Other"]) == {}


def test_no_two_names_are_the_same_category() -> None:
    assert match_categories(["A/tomato-sauce", "tomato_sauce"], ["tomato-sauce"]) == {
        "tomato_sauce": "tomato-sauce"
    }


def test_a_category_may_be_any_node_of_the_hierarchy() -> None:
    names, coarse = matched("FRUIT", "apple", "Packages/Juice", "GALA")
    assert names == {
        "FRUIT": "Fruit",
        "apple": "Fruit/Apple",
        "Packages/Juice": "Drinks/Juice",
        "GALA": "Fruit/Apple/Gala",
    }
    assert coarse == {"Drinks/Juice", "Fruit/Apple/Gala"}  # it tells apples from fruit, and Gala from apples


def test_a_set_that_has_the_models_own_categories_is_nowhere_coarse_but_at_the_ends() -> None:
    _, coarse = matched(*TREE.categories)
    assert coarse == set(TREE.categories) - {"Drinks/Juice"}


def test_what_a_set_tells_counts_though_no_photo_of_it_is_measured() -> None:
    own = dataset(*TREE.categories)
    found = match_dataset(own, [0], TREE)
    assert found.nodes == {0: TREE.index["Drinks/Juice"]}
    assert found.coarse == frozenset()


def test_unknown_categories_are_named_or_left_out() -> None:
    with pytest.raises(DataError, match=r"does not know 'Soap'; it knows 'Drinks/Juice'.*another --level"):
        matched("Juice", "Soap")
    assert matched("Juice", "Soap", ignore_unknown=True)[0] == {"Juice": "Drinks/Juice"}


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "level", "depths"),
    [("freiburg", None, {1}), ("grocery-store", "coarse", {1}), ("grocery-store", "fine", {1, 2})],
)
def test_the_public_sets_are_found_in_the_default_models_hierarchy(
    real_data: Path, folder: str, level: str | None, depths: set[int]
) -> None:
    from shelfwise.datasets.layouts import read_dataset

    tree = Hierarchy.from_categories(groceries().categories)
    of = read_dataset(real_data / folder, level=level)
    found = match_dataset(of, range(len(of)), tree)
    assert len(set(found.nodes.values())) == len(of.categories)
    assert {int(tree.depth[node]) for node in found.nodes.values()} == depths
