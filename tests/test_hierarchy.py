import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.hierarchy import Hierarchy, counts_words

NAMES = ("fruit/apple/granny-smith", "fruit/apple/gala", "fruit/pear", "drinks/juice", "drinks/juice/bravo")
paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
categories = st.lists(paths, min_size=1, max_size=12, unique=True)


def scores(count, seed=0, rows=4):
    return np.random.default_rng(seed).dirichlet(np.ones(count), rows)


def test_nodes_are_all_beginnings_of_the_paths():
    tree = Hierarchy.from_categories(NAMES)
    assert tree.nodes == (
        "drinks",
        "fruit",
        "drinks/juice",
        "fruit/apple",
        "fruit/pear",
        "drinks/juice/bravo",
        "fruit/apple/gala",
        "fruit/apple/granny-smith",
    )
    assert tree.levels == ("department", "category", "variety")
    assert tree.level_of("fruit/apple") == "category"
    assert tree.children("fruit") == ("fruit/apple", "fruit/pear")
    assert tree.categories_under("drinks/juice") == ("drinks/juice", "drinks/juice/bravo")
    assert not tree.flat


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (NAMES, "3 categories and 3 varieties"),
        (("tea", "rice"), "2 categories"),
        (("drinks/tea", "drinks/tea/green"), "1 category and 1 variety"),
        # A wide name without others under it is an answer itself.
        (("drinks", "fruit/apple", "fruit/pear"), "3 categories"),
    ],
)
def test_what_is_known_is_told_as_categories_and_their_varieties(names, words):
    assert counts_words(*Hierarchy.from_categories(names).counts) == words


def test_a_category_with_others_under_it_counts_for_itself_and_for_them():
    tree = Hierarchy.from_categories(NAMES)
    sums = tree.node_probabilities(np.array([[0.1, 0.2, 0.3, 0.25, 0.15]]))[0]
    assert dict(zip(tree.nodes, sums.round(6), strict=True)) == {
        "drinks": 0.4,
        "fruit": 0.6,
        "drinks/juice": 0.4,
        "fruit/apple": 0.3,
        "fruit/pear": 0.3,
        "drinks/juice/bravo": 0.15,
        "fruit/apple/gala": 0.2,
        "fruit/apple/granny-smith": 0.1,
    }


def test_flat_names_have_one_level_called_category():
    tree = Hierarchy.from_categories(["Tea", "Coffee"])
    assert tree.flat
    assert tree.levels == ("category",)
    assert tree.nodes == ("Coffee", "Tea")
    assert tree.is_answer.all()
    assert tree.node_probabilities(np.array([[0.9, 0.1]])).tolist() == [[0.1, 0.9]]


def test_an_end_above_the_level_of_categories_is_an_answer_too():
    tree = Hierarchy.from_categories(["Milk", "Fruit/Apple"])
    assert tree.levels == ("department", "category")
    assert [n for n, a in zip(tree.nodes, tree.is_answer, strict=True) if a] == ["Milk", "Fruit/Apple"]


def test_questions_are_asked_at_the_level_of_categories():
    tree = Hierarchy.from_categories(NAMES)
    asked = [n for n, a in zip(tree.nodes, tree.is_question, strict=True) if a]
    assert asked == ["drinks/juice", "fruit/apple", "fruit/pear"]


def test_deeper_levels_than_have_names_are_numbered():
    assert Hierarchy.from_categories(["a/b/c/d/e"]).levels[2:] == ("variety", "level 4", "level 5")


def test_an_answer_is_right_at_or_above_the_truth_and_not_below_it():
    tree = Hierarchy.from_categories(NAMES)

    def right(node, truth):
        return bool(tree.holds(np.array([tree.index.get(node, -1)]), np.array([tree.index[truth]]))[0])

    assert right("fruit/apple", "fruit/apple/gala")
    assert right("fruit", "fruit/apple/gala")
    assert right("drinks/juice", "drinks/juice")
    assert not right("drinks/juice/bravo", "drinks/juice")
    assert not right("fruit/pear", "fruit/apple/gala")
    assert not right(None, "fruit/pear")


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_no_category_or_a_repeated_one_is_refused(names):
    with pytest.raises(ValueError, match="each named once"):
        Hierarchy.from_categories(names)


def test_levels_must_have_names_of_their_own():
    with pytest.raises(ValueError, match="as many names"):
        Hierarchy(("a/b",), ("category",))
    with pytest.raises(ValueError, match="as many names"):
        Hierarchy(("a/b",), ("x", "x"))


def test_other_shapes_are_refused():
    tree = Hierarchy.from_categories(["a", "b"])
    with pytest.raises(ValueError, match="2 categories"):
        tree.node_probabilities(np.ones((1, 3)))


@given(categories)
def test_children_never_have_more_than_their_parent_and_the_top_has_all(names):
    tree = Hierarchy.from_categories(names)
    sums = tree.node_probabilities(scores(len(names)))
    for node, path in enumerate(tree.nodes):
        below = [tree.index[child] for child in tree.children(path)]
        assert (sums[:, below].sum(axis=1) <= sums[:, node] + 1e-9).all()
        assert (tree.parent[below] == node).all()
        assert (tree.depth[below] == tree.depth[node] + 1).all()
    assert np.allclose(sums[:, tree.parent < 0].sum(axis=1), 1)


@given(categories, st.randoms(use_true_random=False))
def test_the_order_of_the_categories_does_not_matter(names, random):
    shuffled = list(names)
    random.shuffle(shuffled)
    one, other = Hierarchy.from_categories(names), Hierarchy.from_categories(shuffled)
    values = scores(len(names))
    moved = values[:, [names.index(name) for name in shuffled]]
    assert one.nodes == other.nodes
    assert np.allclose(one.node_probabilities(values), other.node_probabilities(moved))


@given(categories)
def test_each_sum_is_that_of_the_categories_at_or_under_the_node(names):
    tree = Hierarchy.from_categories(names)
    values = scores(len(names))
    sums = tree.node_probabilities(values)
    for node, path in enumerate(tree.nodes):
        inside = [i for i, name in enumerate(names) if name == path or name.startswith(path + "/")]
        assert np.allclose(sums[:, node], values[:, inside].sum(axis=1))
        assert tree.categories_under(path) == tuple(names[i] for i in inside)


@given(categories)
def test_every_category_has_an_answer_at_or_above_it_unless_it_is_itself_wide(names):
    tree = Hierarchy.from_categories(names)
    asked = np.flatnonzero(tree.is_question)
    assert (tree.under[asked].sum(axis=0) <= 1).all()
    for label, name in enumerate(names):
        covered = bool(tree.under[asked, label].any())
        assert covered or bool(tree.children(name))


def test_nodes_are_cut_off_below_a_level():
    tree = Hierarchy.from_categories(NAMES)
    deep = np.array([tree.index[name] for name in ("fruit/apple/gala", "fruit/pear", "drinks")])
    assert [tree.nodes[node] for node in tree.cut(deep, 1)] == ["fruit/apple", "fruit/pear", "drinks"]
    assert [tree.nodes[node] for node in tree.cut(deep, 0)] == ["fruit", "fruit", "drinks"]


def test_a_level_holds_its_nodes_and_the_categories_that_end_above_it():
    tree = Hierarchy.from_categories(NAMES)
    probabilities = np.array([[0.1, 0.2, 0.3, 0.25, 0.15]])
    found = {}
    for depth in range(3):
        nodes, sums = tree.at_depth(probabilities, depth)
        found[depth] = {tree.nodes[node]: round(p, 6) for node, p in zip(nodes, sums[0], strict=True)}
    assert found[0] == {"fruit": 0.6, "drinks": 0.4}
    assert found[1] == {"fruit/apple": 0.3, "fruit/pear": 0.3, "drinks/juice": 0.4}
    # At the level of varieties a juice of no known one stands for itself alone.
    assert found[2] == dict(zip(NAMES, probabilities[0], strict=True))


@given(categories)
def test_each_level_shares_out_all_probability(names):
    tree = Hierarchy.from_categories(names)
    for depth in range(len(tree.levels)):
        nodes, sums = tree.at_depth(scores(len(names)), depth)
        assert len(set(nodes.tolist())) == len(nodes)
        np.testing.assert_allclose(sums.sum(axis=1), 1)


def test_nodes_of_categories_come_first_in_label_order():
    tree = Hierarchy.from_categories(NAMES)
    assert [tree.nodes[node] for node in tree.labels_first] == [*NAMES, "drinks", "fruit", "fruit/apple"]
