import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf import worth
from shelfwise.shelf.facings import Guess, Named
from shelfwise.shelf.planned import Entry, Planogram, name_key, same_category, same_product
from shelfwise.shelf.worth import Lacking, Wanted

PRODUCTS = st.sampled_from([None, "x", " X", "y"])
CATEGORIES = st.sampled_from([None, "a", "A/b", "a / b", "a/b/c", "d/", "ab", "/"])
GTINS = st.sampled_from([None, "4006381333931", "04006381333931", "96385074"])
GUESSES = st.builds(Guess, PRODUCTS, CATEGORIES, st.just(0.2), GTINS)
ENTRIES = st.builds(Entry, PRODUCTS, st.just(1), CATEGORIES, GTINS).filter(lambda entry: entry.label)
ROWS = st.lists(st.lists(ENTRIES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=3)


@st.composite
def names(draw: st.DrawFn) -> Named:
    candidates = tuple(draw(st.lists(GUESSES, max_size=2)))
    product, category, gtin = draw(PRODUCTS), draw(CATEGORIES), draw(GTINS)
    if not (product or category):
        return Named("unknown", candidates=candidates)
    return Named(draw(st.sampled_from(["accept", "ask"])), product, category, 0.5, candidates, gtin)


def expected(entry: Entry, named: Named) -> float:
    own = Guess(named.product, named.category, named.confidence, named.gtin)
    if named.answer == "unknown":
        return 0.5
    if same_product(entry, own):
        return 2.0 if named.answer == "accept" else 1.5
    if named.answer == "ask":
        return 1.25 if any(same_product(entry, guess) for guess in named.guesses) else 0.25
    within = entry.category is not None and same_category(entry.category, named.category)
    return 1.25 if within and named.product is None else 0.0


@given(rows=ROWS, seen=st.lists(names(), max_size=5))
def test_looking_entries_up_says_what_judging_each_pair_does(rows, seen):
    wanted = Wanted(Planogram(tuple(rows)))
    worths = wanted.worths(seen)
    for row in rows:
        table = worths.of(row)
        assert table.shape == (len(row), len(seen))
        assert table.tolist() == [[expected(entry, named) for named in seen] for entry in row]
    entries = [entry for row in rows for entry in row]
    for named in seen:
        own = Guess(named.product, named.category, named.confidence, named.gtin)
        asking = [number for number, entry in enumerate(entries) if same_product(entry, own)]
        assert wanted.asking_for(named) == asking


def test_each_distinct_pair_is_judged_once(monkeypatch):
    judged = []

    def judge(entry: Entry, guess: Guess) -> bool:
        judged.append((entry.product, guess.product))
        return same_product(entry, guess)

    monkeypatch.setattr(worth, "same_product", judge)
    row = tuple(Entry(f"product {i % 50}", 1, "tea") for i in range(500))
    seen = [Named("accept", f"product {i % 40}", "tea", 0.5 + i / 2000) for i in range(400)]
    table = Wanted(Planogram((row,))).worths(seen).of(row)
    assert np.count_nonzero(table) == 40 * 10 * 10
    assert sorted(judged) == sorted((f"product {i}", f"product {i}") for i in range(40))


def one_may_be(entry: Entry, category: str) -> bool:
    if entry.product is None and entry.gtin is None:
        return False
    if entry.category is None:
        return True
    found = name_key(category) + "/"
    return same_category(entry.category, category) or (name_key(entry.category).rstrip("/") + "/").startswith(
        found
    )


@given(entries=st.lists(ENTRIES, max_size=3), named=names())
def test_what_lacks_may_be_of_a_category_below_or_above_or_of_none_that_is_told(entries, named):
    only_category = named.product is None and named.category is not None
    assert Lacking(entries).may_be(named) == (
        only_category and any(one_may_be(entry, named.category) for entry in entries)
    )


def test_tens_of_thousands_that_lack_are_looked_up():
    # Judging each pair would take minutes.
    lacking = Lacking([Entry(f"product {i}", 1, f"drinks/kind {i}/cans") for i in range(50_000)])
    found = [Named("accept", None, f"drinks/kind {i}", 0.8) for i in range(0, 100_000, 2)]
    assert [lacking.may_be(named) for named in found] == [i < 25_000 for i in range(50_000)]
