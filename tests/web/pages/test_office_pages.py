"""Who may open Review, Models, Users, Audit log and Account, and what is on them without a script."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from shelfwise.answers.records import Answer, AnswerCandidate, Comparison, NewAnswer
from shelfwise.database import utc_now
from shelfwise.inventory.records import NewProduct
from shelfwise.web.markdown import markdown_html
from shelfwise.web.pages.devices import device_words
from shelfwise.web.pages.models import verdict_words
from shelfwise.web.pages.review import options_of
from shelfwise.workflows.model_facts import ShelfModel
from shelfwise.workflows.shop import Shop

ADMINS_ONLY = ["/models", "/models/comparison", "/users", "/users/tokens", "/users/1", "/audit"]
MILL_LANE = 1
CARD = """# Another

Made for *tests*. <script>alert(1)</script> <b onclick="x()">bold</b> ![picture](https://example.org/p.png)

## Figures

| What | Value |
|---|---:|
| Accuracy | 93 % |

[safe](https://example.org/) [unsafe](javascript:alert(1)) [other](data:text/html,x)
"""


@pytest.fixture
def doubted(shop: Shop) -> Callable[..., int]:
    """Writes down an answer of a photo of one grey: ``doubted("ask", 0.4, "Red")`` gives its number."""
    made: list[int] = []

    def make(kind: str = "ask", confidence: float = 0.5, category: str | None = "Red", **more: object) -> int:
        out = io.BytesIO()
        Image.new("RGB", (60 + len(made), 40), (120, 120, 120)).save(out, "PNG")
        photo = shop.photos.add(out.getvalue()).sha256
        candidates = [
            AnswerCandidate(each, confidence / (place + 1))
            for place, each in enumerate(("Red", "Green", "Blue"))
        ]
        values = {"store_id": MILL_LANE, "candidates": candidates, **more}
        new = NewAnswer(photo, "toy", kind, category, confidence, user="clerk", **values)
        made.extend(shop.answers.record([new]))
        return made[-1]

    return make


@pytest.fixture
def another_zip(tmp_path: Path, toy: ModuleType) -> Path:
    """The ZIP of another model with a card, figures and a report."""
    run = tmp_path / "run"
    toy.write_toy_bundle(
        run / "bundle", name="another", card=CARD, metrics={"test": {"accuracy": 0.93, "top3_accuracy": 0.99}}
    )
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (run / "bundle").iterdir():
            archive.write(file, f"bundle/{file.name}")
        archive.writestr("report/index.html", "<!doctype html><title>R</title><p>All went well</p>")
    return path


@pytest.fixture
def another(shop: Shop, another_zip: Path) -> ShelfModel:
    """Another model on the shelf, not active."""
    shop.models.wait()
    return shop.shelf.add(another_zip, by="admin")


@pytest.mark.parametrize("path", ADMINS_ONLY)
def test_these_are_for_admins(path, admin, manager, nobody):
    assert admin.get(path).status_code == 200
    assert manager.get(path).status_code == 403
    assert nobody.get(path).status_code == 303


def test_review_is_for_clerks_and_the_account_for_everybody(clerk, reader, nobody):
    assert clerk.get("/review").status_code == 200
    assert reader.get("/review").status_code == 403
    assert reader.get("/account").status_code == 200
    assert nobody.get("/account").status_code == 303


def test_a_clerk_sees_no_answers_of_another_store(clerk, admin, doubted):
    doubted(store_id=2)
    assert "data-answer" not in clerk.get("/review").text
    assert clerk.get("/review?store=2").status_code == 404
    assert "data-answer" in admin.get("/review?store=2").text


def test_the_worst_comes_first_and_the_sure_ones_only_with_all(shop, clerk, doubted):
    sure = doubted("accept", 0.99, product_id=shop.catalogue.add_product(NewProduct("Red paint")).id)
    kind, asked, unknown = doubted("accept", 0.99), doubted("ask", 0.4), doubted("unknown", 0.2, None)
    page, everything = clerk.get("/review").text, clerk.get("/review?all=1").text
    assert _answers(page) == [unknown, asked, kind]  # of the last, Scan asks which product it is
    assert _answers(everything) == [unknown, asked, kind, sure]
    assert 'Unsure (<span data-waiting="unsure">3</span>)' in page
    assert (page.count(">Recognised<"), everything.count(">Recognised<")) == (0, 1)
    assert page.count("Please check") == 2


def _answers(page):
    return [int(each) for each in re.findall(r'data-answer="(\d+)"', page)]


def answer(**more):
    values = {
        "id": 1, "photo": "a", "model": "m", "kind": "ask", "category": "fruit/apple", "confidence": 0.5,
        "candidates": (), "product_id": None, "product": None, "user": "u", "store_id": 1, "at": utc_now(),
    }  # fmt: skip
    return Answer(**{**values, **more})


def test_the_answer_itself_is_confirmed_and_another_guess_corrects_it():
    guesses = (AnswerCandidate("fruit/apple", 0.5), AnswerCandidate("fruit/pear", 0.3, 7, "Pear"))
    own, other = options_of(answer(candidates=guesses))
    assert (own.name, own.about, own.confirms, own.verdict) == (
        "Apple",
        "Fruit",
        True,
        {"verdict": "confirmed"},
    )
    assert (other.name, other.about, other.confirms) == ("Pear", "fruit › pear", False)
    assert other.verdict == {"verdict": "corrected", "category": "fruit/pear", "product_id": 7}


def test_the_answers_category_with_its_product_says_more_than_the_answer():
    (only,) = options_of(answer(candidates=(AnswerCandidate("fruit/apple", 0.5, 3, "Green apple"),)))
    assert only.confirms
    assert only.verdict == {"verdict": "corrected", "category": "fruit/apple", "product_id": 3}


def test_of_several_products_of_the_answers_category_none_is_its_answer():
    guesses = (
        AnswerCandidate("fruit/apple", 0.38, 3, "Gala"),
        AnswerCandidate("fruit/apple", 0.31, 4, "Fuji"),
        AnswerCandidate("fruit/apple", 0.1, 5, "Cox"),
    )
    found = options_of(answer(kind="accept", confidence=0.99, candidates=guesses))
    assert [(each.name, each.confirms) for each in found] == [
        ("Apple", True),
        ("Gala", False),
        ("Fuji", False),
    ]


def test_an_answer_that_is_no_guess_is_offered_too():
    found = options_of(answer(product_id=3, product="Tea", candidates=(AnswerCandidate("fruit/apple", 0.5),)))
    assert [each.name for each in found] == ["Tea", "Apple"]
    assert found[0].verdict == {"verdict": "confirmed"}


def test_what_is_not_known_confirms_nothing():
    found = options_of(
        answer(kind="unknown", category=None, candidates=(AnswerCandidate("fruit/apple", 0.2),))
    )
    assert [each.confirms for each in found] == [False]


def test_a_card_is_shown_and_can_do_nothing(admin, another):
    page = admin.get(f"/models/{another.id}").text
    assert "<h3>Another</h3>" in page
    assert "<em>tests</em>" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b onclick" not in page
    assert 'href="javascript:' not in page
    assert 'href="data:' not in page
    assert "<img" not in page.split("card-title")[2]
    assert 'style="' not in page
    assert '<td class="number">93 %</td>' in page
    assert "93.0 %" in page
    assert 'sandbox loading="lazy"' in page


def test_headings_of_a_text_stay_below_the_pages_own():
    assert markdown_html("# a\n###### b") == "<h3>a</h3>\n<h6>b</h6>\n"


def test_each_table_of_a_text_has_a_name_of_its_own():
    table = "| a |\n|---|\n| b |\n\n"
    names = re.findall(r'aria-label="([^"]+)"', markdown_html(table + "between\n\n" + table))
    assert names == ["Table 1", "Table 2"]


def test_the_models_pages_tell_of_the_trial(admin, shop, another):
    admin.put("/api/v1/models/shadow", json={"model": another.id})
    assert "In the shadow" in admin.get("/models").text
    assert "No photo has been answered by both" in admin.get("/models/comparison").text
    assert admin.get("/models/comparison?candidate=ffffffffffff").status_code == 404
    assert admin.get("/models/ffffffffffff").status_code == 404


def compared(judged, active, candidate, p_value):
    return Comparison("a", "b", 100, 0.9, judged, active, candidate, active, candidate, p_value, ())


def test_words_claim_no_more_than_the_figures():
    assert "Nobody has judged" in verdict_words(compared(0, 0, 0, None), "A", "B")
    assert "equally often" in verdict_words(compared(30, 2, 2, 1.0), "A", "B")
    assert "judge more" in verdict_words(compared(9, 0, 8, 0.008), "A", "B")
    assert "seldom" in verdict_words(compared(60, 1, 12, 0.003), "A", "B")
    little = verdict_words(compared(60, 5, 2, 0.45), "A", "B")
    assert little.startswith("A alone is right on 5, B alone on 2.")
    assert "says little" in little


def test_the_log_is_filtered_and_its_details_are_words(admin, shop):
    shop.audit.record(
        "admin", "product.change", "product Tea", {"minimum": "5", "archived": False}, "10.0.0.1"
    )
    page = admin.get("/audit?action=product.").text
    assert "Changed a product" in page
    assert re.search(r'data-label="Of" class="words">Tea<', page)
    assert re.search(r"Archived:</span> no", page)
    assert "10.0.0.1" in page
    assert "Nothing matches" in admin.get("/audit?user=nobody-of-this-name").text


def test_the_log_has_pages(admin, shop):
    for number in range(60):
        shop.audit.record("admin", "store.add", f"store {number}")
    page = admin.get("/audit?action=store.").text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert ">59<" in page
    rest = admin.get(following[1].replace("&amp;", "&")).text
    assert ">5<" in rest
    assert ">59<" not in rest


def test_scopes_are_offered_as_far_as_roles_go(reader, clerk, admin):
    def offered(client):
        return re.findall(r'name="scopes\[\]" value="(\w+)"', client.get("/account").text)

    assert offered(reader) == ["read"]
    assert offered(clerk) == ["read", "classify", "book"]
    assert offered(admin) == ["read", "classify", "book", "manage", "admin"]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Version/17.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.0", "curl/8.0"),
        ("", "Unknown device"),
    ],
)
def test_devices_have_words(agent, words):
    assert device_words(agent) == words


def test_how_many_answers_wait_is_told_to_open_pages(shop, clerk, reader, doubted):
    doubted("ask", 0.4)
    doubted("accept", 0.99, product_id=shop.catalogue.add_product(NewProduct("Red paint")).id)
    assert clerk.get("/review/waiting?store=1").json() == {"unsure": 1, "all": 2}
    assert reader.get("/review/waiting").status_code == 403


def test_a_role_is_proposed_where_there_is_one_store(shop, admin):
    def proposed():
        rights = admin.get("/users").text.split('id="invite"')[1]
        return re.findall(r'<option value="(\w+)" selected', rights)

    assert proposed() == []
    shop.catalogue.archive_store(next(each.id for each in shop.catalogue.stores() if each.name == "Harbour"))
    assert proposed() == ["clerk"]
