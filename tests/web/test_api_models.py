"""Tests of models over the API: upload, switch, go back, the shadow, and what came along with them."""

import io
import zipfile

import pytest
from PIL import Image

from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.scanning import answer_photos
from shelfwise.workflows.shop_products import enrol

MODELS = "/api/v1/models"


@pytest.fixture
def packed(tmp_path, toy):
    """The ZIP of another toy model, with a report beside it."""
    folder = toy.write_toy_bundle(
        tmp_path / "run" / "bundle", name="another", card="# Another\n\n<b>x</b>\n"
    ).path
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"bundle/{path.name}")
        archive.writestr("report/index.html", "<!doctype html><script>alert(1)</script><p>Report</p>")
    return made.getvalue()


def picture(colour):
    """A picture file of one colour."""
    made = io.BytesIO()
    Image.new("RGB", (24, 24), colour).save(made, "PNG")
    return made.getvalue()


def upload(client, data, name="model.zip"):
    return client.post(MODELS, files={"file": (name, data, "application/zip")})


def listed(client):
    return {model["name"]: model for model in client.get(MODELS).json()["items"]}


def test_the_models_are_listed_for_all(shop, reader):
    shop.models.wait()
    page = reader.get(MODELS).json()
    assert page["ready"] is True
    assert page["problem"] is None
    assert page["items"][0]["name"] == "toy"
    assert page["items"][0]["active"] is True
    assert [model["packaged"] for model in page["items"]] == [False, True]


def test_a_model_is_uploaded_used_and_gone_back_from(shop, admin, packed):
    shop.models.wait()
    answer = upload(admin, packed)
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert (added["active"], added["added_by"], added["has_report"]) == (False, "admin", True)
    switch = admin.post(f"{MODELS}/{added['id']}/activate")
    assert switch.status_code == 202
    assert switch.json()["model_name"] == "another"
    shop.models.wait_for_switch()
    assert admin.get(MODELS).json()["switch"]["stage"] == "done"
    assert listed(admin)["another"]["active"] is True
    assert listed(admin)["toy"]["previous"] is True
    assert admin.post(f"{MODELS}/roll-back").status_code == 202
    shop.models.wait_for_switch()
    assert listed(admin)["toy"]["active"] is True
    actions = [entry["action"] for entry in admin.get("/api/v1/audit?action=model.").json()["items"]]
    assert actions == ["model.roll-back", "model.activate", "model.add"]


def test_the_page_says_how_many_products_the_model_knows_after_each_switch(shop, admin, packed):
    shop.models.wait()
    tea = shop.catalogue.add_product(NewProduct("Tea", "drinks"))
    enrol(shop, tea.id, [picture((200, 40, 40)), picture((40, 200, 40))])
    added = upload(admin, packed).json()["id"]
    for path in (f"{added}/activate", "roll-back", "roll-back"):
        assert admin.post(f"{MODELS}/{path}").status_code == 202
        shop.models.wait_for_switch()
        assert "It knows 1 product by sight, from 2 photos." in admin.get("/models").text


def test_an_active_model_is_not_removed_and_another_one_is(shop, admin, packed):
    added = upload(admin, packed).json()["id"]
    assert admin.delete(f"{MODELS}/{listed(admin)['toy']['id']}").status_code == 409
    assert admin.delete(f"{MODELS}/{added}").status_code == 204
    assert admin.get(f"{MODELS}/{added}").status_code == 404


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_model_is_refused_and_nothing_stays(admin, data):
    before = listed(admin)
    answer = upload(admin, data)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("model")
    assert listed(admin) == before


def test_the_same_model_is_on_the_shelf_once(admin, packed):
    assert upload(admin, packed).status_code == 201
    assert upload(admin, packed).status_code == 409


def test_a_file_that_is_missing_is_told_at_its_field(admin):
    answer = admin.post(MODELS, files={"other": ("a", b"x")})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "file"


def test_a_model_is_tried_in_the_shadow(shop, admin, packed):
    shop.models.wait()
    added = upload(admin, packed).json()["id"]
    assert admin.get(f"{MODELS}/shadow/comparison").status_code == 409
    assert admin.put(f"{MODELS}/shadow", json={"model": "f" * 12}).status_code == 404
    assert admin.put(f"{MODELS}/shadow", json={"model": listed(admin)["toy"]["id"]}).status_code == 409
    assert admin.put(f"{MODELS}/shadow", json={"model": added}).json()["shadow"] is True
    compared = admin.get(f"{MODELS}/shadow/comparison").json()
    assert (compared["candidate"], compared["n"], compared["p_value"]) == (added, 0, None)
    assert admin.delete(f"{MODELS}/shadow").status_code == 204
    assert listed(admin)["another"]["shadow"] is False


def test_only_admins_change_models(manager, clerk, packed):
    for client in (manager, clerk):
        assert upload(client, packed).status_code == 403
        assert client.post(f"{MODELS}/roll-back").status_code == 403
        assert client.put(f"{MODELS}/shadow", json={"model": "f" * 12}).status_code == 403
        assert client.delete(f"{MODELS}/{'f' * 12}").status_code == 403
        assert client.post(f"{MODELS}/{'f' * 12}/activate").status_code == 403


def test_going_back_needs_a_model_before(tmp_path, admin, shop):
    shop.models.wait()
    # The packaged model was active before the toy; so there is one, and twice is there and back.
    assert shop.shelf.previous() is not None
    assert admin.post(f"{MODELS}/{'f' * 12}/activate").status_code == 404
    assert admin.post(f"{MODELS}/..%2f..%2fetc/activate").status_code in (404, 405, 422)


def test_a_models_card_is_plain_text_and_its_report_may_do_nothing(admin, packed):
    added = upload(admin, packed).json()["id"]
    card = admin.get(f"{MODELS}/{added}/card")
    assert card.headers["content-type"] == "text/plain; charset=utf-8"
    assert card.text.startswith("# Another")
    report = admin.get(f"{MODELS}/{added}/report")
    assert report.headers["content-type"].startswith("text/html")
    policy = report.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    toy = listed(admin)["toy"]["id"]
    assert admin.get(f"{MODELS}/{toy}/report").status_code == 404


def test_no_photo_is_lost_while_the_model_changes(shop, admin, packed, red_photo):
    shop.models.wait()
    added = upload(admin, packed).json()["id"]
    actor = shop.sessions.actor(admin.cookies["shelfwise_session"])
    admin.post(f"{MODELS}/{added}/activate")
    answers = [answer_photos(shop, [red_photo], actor, 1)[0] for _ in range(5)]
    shop.models.wait_for_switch()
    answers += answer_photos(shop, [red_photo], actor, 1)
    assert all(answer.category == "Red" or answer.kind != "accept" for answer in answers)
    assert answers[-1].model == added


@pytest.fixture
def red_photo():
    """A red picture as JPEG."""
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (64, 64), (255, 0, 0)).save(made, "JPEG")
    return made.getvalue()
